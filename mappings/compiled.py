"""Compiled mappings, kept per schema and content."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from mappings.documents import document_hash
from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import MappingVersion
from tenants.context import current_schema

KEPT = 512
_kept: OrderedDict[tuple[str, str, str], CompiledMapping] = OrderedDict()
_lock = Lock()


def compiled_document(
    document: Mapping[str, object], object_type: str = "", content_hash: str = ""
) -> CompiledMapping:
    """Return a document ready to run; the same content is compiled once. Raises MappingError."""
    key = (current_schema(), content_hash or document_hash(document), object_type)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    made = compile_mapping(document, object_type=object_type)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def compiled(version: MappingVersion) -> CompiledMapping:
    """Return a version ready to run. Raises MappingError."""
    return compiled_document(version.document, version.mapping.object_type, version.hash)
