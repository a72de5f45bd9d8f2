"""Compiled mappings, kept per schema and content."""

from collections import OrderedDict
from threading import Lock

from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import MappingVersion
from tenants.context import current_schema

KEPT = 512
_kept: OrderedDict[tuple[str, str, str], CompiledMapping] = OrderedDict()
_lock = Lock()


def compiled(version: MappingVersion) -> CompiledMapping:
    """Return a version ready to run; the same content is compiled once. Raises MappingError."""
    object_type = version.mapping.object_type
    key = (current_schema(), version.hash, object_type)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    made = compile_mapping(version.document, object_type=object_type)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made
