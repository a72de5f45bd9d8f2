"""Validation of canonical data, by JSON Schemas generated from the code.

A partner's own JSON Schema is never accepted, and nothing outside is ever fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema_rs

from mappings.canonical.custom import NONE, CustomFields
from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.registry import schema

_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,10})?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TEXT_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a record: where, and what it must be."""

    path: str
    message: str


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"Schemas never refer to {uri}.")


_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"type": "string", "maxLength": _TEXT_LIMIT},
    "reference": {"type": "string", "maxLength": _TEXT_LIMIT},
    "decimal": {"type": "string", "pattern": _DECIMAL},
    "money": {"type": "string", "pattern": _DECIMAL},
    "integer": {"type": "integer"},
    "date": {"type": "string", "pattern": _DATE, "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
}


def _of_field(field: Field) -> dict[str, Any]:
    """Return a field's schema; null is allowed where it is not required."""
    if field.type == "enum":
        return {"enum": [*field.choices, *([] if field.required else [None])]}
    if field.type == "list":
        kind = {"type": "array", "items": _of_fields(field.items), "maxItems": 10_000}
    elif field.type == "object":
        kind = _of_fields(field.items)
    else:
        kind = dict(_KINDS[field.type])
    if not field.required:
        return {**kind, "type": [kind["type"], "null"]}
    return {**kind, "minLength": 1} if "maxLength" in kind else kind


def _of_fields(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: _of_field(one) for one in fields},
        "required": [one.name for one in fields if one.required],
        "additionalProperties": False,
    }


def json_schema(object_type: str, custom: CustomFields = NONE) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a canonical object."""
    return _json_schema(schema(object_type, custom))


def _json_schema(described: ObjectSchema) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": described.label,
        **_of_fields(described.fields),
    }


@lru_cache(maxsize=512)
def _validator(described: ObjectSchema) -> Any:
    return jsonschema_rs.Draft202012Validator(
        _json_schema(described),
        validate_formats=True,
        retriever=_refuse,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


_WORDS: Final[Mapping[str, str]] = {
    "decimal": "a decimal such as 7.50, with at most 15 digits before the point and 10 after it",
    "money": "an amount such as 145.00, with at most 15 digits before the point and 10 after it",
    "date": "a day such as 2026-10-31",
    "datetime": "a moment with its offset such as 2026-10-31T17:00:00+01:00",
    "boolean": "true or false",
    "integer": "a whole number",
    "list": "a list of at most 10,000 objects",
    "object": "an object",
}


def _field_at(described: ObjectSchema, path: list[str | int]) -> Field | None:
    """Return the field at a place in the data; positions in lists do not count."""
    names = [part for part in path if isinstance(part, str)]
    found = described.field(names[0]) if names else None
    for name in names[1:]:
        found = next((one for one in found.items if one.name == name), None) if found else None
    return found


def _expected(described: ObjectSchema, error: Any) -> Fault:
    """Return what a place must be, in words that somebody who maps it understands."""
    path = list(error.instance_path)
    where = ".".join(str(part) for part in path)
    missing = getattr(error.kind, "property", None)
    if missing is not None:
        name = str(missing).strip('"')
        return Fault(f"{where}.{name}".lstrip("."), "is required, and no rule fills it")
    field = _field_at(described, path)
    if field is None:
        return Fault(where, "has a field that this object does not know")
    if field.choices:
        return Fault(where, f"must be one of {', '.join(field.choices)}")
    filled = "filled, with " if field.required and field.type in ("text", "reference") else ""
    words = _WORDS.get(field.type, f"a text of at most {_TEXT_LIMIT} characters")
    return Fault(where, f"must be {filled}{words}")


class Validator:
    """Checks records of one object, a partner's custom fields included."""

    __slots__ = ("_described", "_validator")

    def __init__(self, object_type: str, custom: CustomFields = NONE) -> None:
        self._described = schema(object_type, custom)
        self._validator = _validator(self._described)

    def faults(self, data: Mapping[str, object]) -> list[Fault]:
        """Return everything that is wrong with a record, nothing when it is valid.

        data: plain values that can be stored, decimals as text.
        """
        plain = data if isinstance(data, dict) else dict(data)
        if self._validator.is_valid(plain):
            return []
        found = [_expected(self._described, one) for one in self._validator.iter_errors(plain)]
        return list(dict.fromkeys(found))


def faults(
    object_type: str, data: Mapping[str, object], custom: CustomFields = NONE
) -> list[Fault]:
    """Return everything that is wrong with a record, nothing when it is valid."""
    return Validator(object_type, custom).faults(data)
