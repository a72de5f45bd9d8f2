"""How canonical objects are described: fields with type, unit, meaning. Pure data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FieldType = Literal[
    "text", "decimal", "integer", "money", "date", "datetime", "boolean", "reference", "list",
    "object", "enum",
]  # fmt: skip


# Takes a record's data in one schema version and returns it in the next.
Upgrade = Callable[[dict[str, object]], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a canonical object.

    type: money and decimal are exact decimals, kept as text; a date is `YYYY-MM-DD`, a
    datetime ISO 8601 with its offset; a reference holds the key of another record.
    unit: "h" for hours, "currency" when the object's `currency` field says which.
    personal: whether it tells of a person. choices: the values of an enum.
    items: the fields of a list's or object's members. owner_kind: which kind of system owns
    the field by default, "" when it is the object's.
    """

    name: str
    type: FieldType
    label: str
    help: str = ""
    unit: str = ""
    required: bool = False
    personal: bool = False
    reference_to: str = ""
    choices: tuple[str, ...] = ()
    items: "tuple[Field, ...]" = ()
    owner_kind: str = ""


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One canonical object. `owner_kind`: which kind of system owns it by default.

    upgrades: one for each version after the first, in order.
    """

    name: str
    label: str
    version: int
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...]
    owner_kind: str
    help: str = ""
    upgrades: tuple[Upgrade, ...] = ()

    def field(self, name: str) -> Field | None:
        """Return a field by name, None when there is none."""
        return next((one for one in self.fields if one.name == name), None)
