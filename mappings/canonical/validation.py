"""Validation of canonical data, by JSON Schemas generated from the code.

A partner's own JSON Schema is never accepted, and nothing outside is ever fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import jsonschema_rs

from mappings.canonical.fields import Field
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


def _of_field(field: Field) -> dict[str, Any]:
    match field.type:
        case "text" | "reference":
            kind: dict[str, Any] = {"type": "string", "maxLength": _TEXT_LIMIT}
        case "decimal" | "money":
            kind = {"type": "string", "pattern": _DECIMAL}
        case "integer":
            kind = {"type": "integer"}
        case "date":
            kind = {"type": "string", "pattern": _DATE, "format": "date"}
        case "datetime":
            kind = {"type": "string", "format": "date-time"}
        case "boolean":
            kind = {"type": "boolean"}
        case "enum":
            kind = {"enum": list(field.choices)}
        case "list":
            kind = {"type": "array", "items": _of_fields(field.items), "maxItems": 10_000}
        case "object":
            kind = _of_fields(field.items)
    return kind if field.required else {"anyOf": [kind, {"type": "null"}]}


def _of_fields(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: _of_field(one) for one in fields},
        "required": [one.name for one in fields if one.required],
        "additionalProperties": False,
    }


def json_schema(object_type: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a canonical object."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema(object_type).label,
        **_of_fields(schema(object_type).fields),
    }


@cache
def _validator(object_type: str) -> Any:
    return jsonschema_rs.Draft202012Validator(
        json_schema(object_type),
        validate_formats=True,
        retriever=_refuse,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _expected(object_type: str, path: list[str | int], message: str) -> str:
    """Return what a field must be, in words that somebody who maps it understands."""
    field = schema(object_type).field(str(path[0])) if path else None
    if field is None:
        return message
    words = {
        "decimal": "a decimal number such as 7.50",
        "money": "an amount such as 145.00",
        "date": "a day such as 2026-10-31",
        "datetime": "a moment with its offset such as 2026-10-31T17:00:00+01:00",
        "boolean": "true or false",
        "integer": "a whole number",
        "enum": f"one of {', '.join(field.choices)}",
        "list": "a list",
        "object": "an object",
    }
    return f"must be {words.get(field.type, f'a text of at most {_TEXT_LIMIT} characters')}"


def faults(object_type: str, data: Mapping[str, object]) -> list[Fault]:
    """Return everything that is wrong with a record, nothing when it is valid."""
    if _validator(object_type).is_valid(dict(data)):
        return []
    found = []
    for error in _validator(object_type).iter_errors(dict(data)):
        path = list(error.instance_path)
        where = ".".join(map(str, path))
        message = _expected(object_type, path, error.message)
        if "required" in error.message:
            message = error.message.replace('"', "'")
        found.append(Fault(where, message))
    return found
