"""Compiled mappings, kept per schema and content."""

from collections import OrderedDict
from threading import Lock

from mappings.canonical.custom import CustomFields
from mappings.canonical.fields import Field
from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import MappingVersion
from mappings.services.custom_fields import custom_fields
from tenants.context import current_schema

KEPT = 512
_Key = tuple[str, str, str, tuple[Field, ...]]
_kept: OrderedDict[_Key, CompiledMapping] = OrderedDict()
_lock = Lock()


def compiled(version: MappingVersion, custom: CustomFields | None = None) -> CompiledMapping:
    """Return a version ready to run; the same content is compiled once. Raises MappingError.

    `custom`: the partner's own fields, where the caller has them at hand.
    """
    object_type = version.mapping.object_type
    custom = custom_fields() if custom is None else custom
    key = (current_schema(), version.hash, object_type, custom.get(object_type, ()))
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    made = compile_mapping(version.document, object_type=object_type, custom=custom)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made
