"""All canonical objects by name. Closed: the code is the catalogue."""

from collections.abc import Mapping

from mappings.canonical import aftercare, billing, books, delivery, parties, sales, terms, work
from mappings.canonical.custom import NONE, CustomFields, with_custom
from mappings.canonical.fields import Field, ObjectSchema

FAMILIES = (parties, sales, terms, delivery, work, books, billing, aftercare)
SCHEMAS: Mapping[str, ObjectSchema] = {
    one.name: one for family in FAMILIES for one in family.OBJECTS
}


class UnknownObject(LookupError):
    """No canonical object has that name."""


def schema(name: str, custom: CustomFields = NONE) -> ObjectSchema:
    """Return the schema of a canonical object, with a partner's `custom` fields if given.

    Raises UnknownObject, naming the objects that exist.
    """
    try:
        return with_custom(SCHEMAS[name], custom)
    except KeyError:
        raise UnknownObject(
            f"There is no canonical object {name!r}; there are {', '.join(sorted(SCHEMAS))}."
        ) from None


def reference_of(object_type: str, field: str) -> str | None:
    """Return the object type that a reference field points to, None for other fields."""
    found = SCHEMAS[object_type].field(field) if object_type in SCHEMAS else None
    return found.reference_to or None if found else None


def key_of(object_type: str, data: Mapping[str, object]) -> str:
    """Return a record's natural key, "" when a part of it is missing."""
    parts = [data.get(name) for name in schema(object_type).natural_key]
    return "" if None in parts or "" in parts else "/".join(map(str, parts))


def counted(object_type: str, count: int) -> str:
    """Return such as "1 time entry" and "1,200 time entries"."""
    label = SCHEMAS[object_type].label.lower() if object_type in SCHEMAS else object_type
    if count != 1:
        label = f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
    return f"{count:,} {label}"


def label_of(object_type: str, data: Mapping[str, object]) -> str:
    """Return what people call a record: its name, else its description, else its key."""
    for name in ("name", "description"):
        if text := data.get(name):
            return str(text)[:200]
    return key_of(object_type, data)


def references_in(object_type: str, data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return (object type, key) of every record that this one refers to."""
    return [
        (one.reference_to, str(data[one.name]))
        for one in schema(object_type).fields
        if one.reference_to and data.get(one.name)
    ]


def fields_of(object_type: str, custom: CustomFields = NONE) -> dict[str, Field]:
    """Return an object's fields by name, a partner's `custom` ones too if given."""
    return {one.name: one for one in schema(object_type, custom).fields}
