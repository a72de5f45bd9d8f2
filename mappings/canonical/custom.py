"""Fields that a partner adds to canonical objects, in a namespace of their own. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from mappings.canonical.fields import Field, FieldType, ObjectSchema

# No canonical field begins so, now or later.
PREFIX: Final = "custom_"
TYPES: Final[tuple[FieldType, ...]] = (
    "text", "decimal", "integer", "money", "date", "datetime", "boolean", "enum",
)  # fmt: skip
# Canonical object → the fields that a partner added to it.
CustomFields = Mapping[str, tuple[Field, ...]]
NONE: Final[CustomFields] = MappingProxyType({})


def with_custom(described: ObjectSchema, custom: CustomFields) -> ObjectSchema:
    """Return an object's schema with the partner's own fields after the canonical ones."""
    added = custom.get(described.name, ())
    return replace(described, fields=(*described.fields, *added)) if added else described


def field_of(
    name: str,
    kind: str,
    label: str,
    *,
    help: str = "",  # noqa: A002  the schema's word
    required: bool = False,
    choices: Sequence[str] = (),
) -> Field:
    """Return a custom field as the canonical schemas describe fields. Raises ValueError."""
    if kind not in TYPES:
        raise ValueError(f"The type is one of {', '.join(TYPES)}.")
    return Field(
        f"{PREFIX}{name}",
        next(one for one in TYPES if one == kind),
        label,
        help,
        unit="currency" if kind == "money" else "",
        required=required,
        choices=tuple(choices),
    )
