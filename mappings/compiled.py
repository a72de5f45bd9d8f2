"""Compiled mappings, kept by their content.

Partners use the same shipped mappings: the same content is compiled once, whoever's it is. A
compiled mapping holds its document and the types of the fields, nothing that a record brought,
and gives none of its own lists and objects away (`rules._own`).
"""

from collections import OrderedDict
from threading import Lock

from mappings.canonical.custom import CustomFields
from mappings.canonical.fields import Field
from mappings.documents import document_hash
from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import MappingVersion
from mappings.services.custom_fields import custom_fields

# Of different content; one takes 10 kB or more.
KEPT = 512
_Key = tuple[str, str, tuple[Field, ...]]
_kept: OrderedDict[_Key, CompiledMapping] = OrderedDict()
_lock = Lock()


def compiled(version: MappingVersion, custom: CustomFields | None = None) -> CompiledMapping:
    """Return a version ready to run; the same content is compiled once. Raises MappingError.

    `custom`: the partner's own fields, where the caller has them at hand.
    """
    object_type = version.mapping.object_type
    custom = custom_fields() if custom is None else custom
    # Of what is run here, and not what a row says of it: only the same content is shared.
    key = (document_hash(version.document), object_type, custom.get(object_type, ()))
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
