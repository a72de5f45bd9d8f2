"""Compiled mappings, kept per schema and content."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from mappings.documents import document_hash, plain_document
from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import MappingVersion
from tenants.context import current_schema

KEPT = 512
_kept: OrderedDict[tuple[str, str, str], CompiledMapping] = OrderedDict()
_lock = Lock()


def compiled_document(
    document: Mapping[str, object], *, object_type: str = "", source_type: str = ""
) -> CompiledMapping:
    """Return a document ready to run; the same content is compiled once. Raises MappingError."""
    plain = plain_document(document)
    key = (current_schema(), document_hash(plain), f"{object_type}<{source_type}")
    return _kept_or_made(key, plain, object_type, source_type)


def compiled(version: MappingVersion) -> CompiledMapping:
    """Return a version ready to run. Raises MappingError."""
    made = version.mapping.object_type
    key = (current_schema(), version.hash, f"{made}<")
    return _kept_or_made(key, version.document, made, "")


def _kept_or_made(
    key: tuple[str, str, str], document: Mapping[str, object], object_type: str, source_type: str
) -> CompiledMapping:
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    made = compile_mapping(document, object_type=object_type, source_type=source_type)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made
