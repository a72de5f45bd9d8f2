"""The canonical model: one shape for every business object, whatever system it came from."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.registry import (
    SCHEMAS,
    UnknownObject,
    key_of,
    label_of,
    reference_of,
    references_in,
    schema,
)

__all__ = [
    "SCHEMAS",
    "Field",
    "ObjectSchema",
    "UnknownObject",
    "key_of",
    "label_of",
    "reference_of",
    "references_in",
    "schema",
]
