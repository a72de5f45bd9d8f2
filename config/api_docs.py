"""The API's description for people to read: the same that programs get, as a page. Pure but for
the page itself: a description comes in, what to show comes out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

from tenants.accounts.pages.frame import page
from tenants.nouns import in_words

METHODS: Final = ("get", "post", "put", "patch", "delete")
JSON: Final = "application/json"
REFUSED: Final = "400"
_ONE_OF: Final = "One of: "
# Deeper than this a field is named by its type alone.
DEEPEST: Final = 3
Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter or a field: `kind` in words, `note` what else is said of it."""

    name: str
    kind: str
    required: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address. `answers`: status → the fields that come back."""

    method: str
    path: str
    text: str
    parameters: list[Value] = field(default_factory=list)
    body: list[Value] = field(default_factory=list)
    answers: list[tuple[str, list[Value]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """The calls about one kind of thing."""

    name: str
    title: str
    calls: list[Call]


def groups_of(described: Described) -> list[Group]:
    """Return the calls of an OpenAPI 3.0 description by kind of thing, in its order."""
    found: dict[str, list[Call]] = {}
    for path, methods in described["paths"].items():
        for method in METHODS:
            if method in methods:
                one = methods[method]
                tag = next(iter(one.get("tags") or ["other"]))
                found.setdefault(tag, []).append(_call(described, path, method, one))
    return [Group(tag, _title(tag), calls) for tag, calls in sorted(found.items())]


def _title(tag: str) -> str:
    return tag.replace("-", " ").capitalize()


def _call(described: Described, path: str, method: str, one: Described) -> Call:
    content = one.get("requestBody", {}).get("content", {})
    sent: Described = content.get(JSON) or next(iter(content.values()), {})
    return Call(
        method.upper(),
        path,
        " ".join(str(one.get("summary") or one.get("description") or "").split()),
        [_parameter(described, row) for row in one.get("parameters", [])],
        list(_fields(described, sent.get("schema", {}))),
        [
            (
                status,
                list(_fields(described, answer.get("content", {}).get(JSON, {}).get("schema"))),
            )
            for status, answer in one.get("responses", {}).items()
            # How a call is refused is the same everywhere, and said once.
            if status < REFUSED
        ],
    )


def _parameter(described: Described, row: Described) -> Value:
    shape = _resolved(described, row.get("schema"))
    required = bool(row.get("required"))
    return Value(row["name"], _kind(described, shape), required, _note(row, shape))


def _resolved(described: Described, shape: Described | None) -> Described:
    """Return a schema without references at its top; {} where there is none."""
    shape = shape or {}
    for key in ("allOf", "oneOf", "anyOf"):
        if len(shape.get(key, [])) > 0:
            return {**_resolved(described, shape[key][0]), **_said_of(shape)}
    if "$ref" in shape:
        named = described["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        return _resolved(described, named)
    return shape


def _said_of(shape: Described) -> Described:
    return {"description": shape["description"]} if "description" in shape else {}


def _kind(described: Described, shape: Described) -> str:
    if shape.get("type") == "array":
        return f"list of {_kind(described, _resolved(described, shape.get('items')))}"
    words = str(shape.get("type") or "any")
    return f"{words} ({shape['format']})" if shape.get("format") else words


def _note(row: Described, shape: Described) -> str:
    said = str(row.get("description") or shape.get("description") or "")
    # The library lists the choices in the text, too: one list is enough.
    said = " ".join(re.sub(r"^\s*\*.*$", "", said, flags=re.MULTILINE).split())
    choices = [str(one) for one in shape.get("enum", []) if one not in (None, "")]
    return " ".join(
        part for part in (said, f"{_ONE_OF}{', '.join(choices)}." if choices else "") if part
    )


def _fields(
    described: Described, shape: Described | None, above: str = "", depth: int = 1
) -> Iterator[Value]:
    """Give the fields of an object, or of a list's members, those below named with dots."""
    known = _resolved(described, shape)
    if known.get("type") == "array":
        known, above = _resolved(described, known.get("items")), f"{above}[]." if above else above
    required = set(known.get("required", []))
    for name, row in known.get("properties", {}).items():
        inner = _resolved(described, row)
        place = f"{above}{name}"
        yield Value(place, _kind(described, inner), name in required, _note(row, inner))
        listed = inner.get("type") == "array"
        below = _resolved(described, inner.get("items")) if listed else inner
        if depth < DEEPEST and below.get("properties"):
            yield from _fields(
                described, below, f"{place}[]." if listed else f"{place}.", depth + 1
            )


@lru_cache(maxsize=2)
def _groups(urlconf: str) -> list[Group]:
    generator = SchemaGenerator(urlconf=urlconf)  # type: ignore[no-untyped-call]  # no type hints
    return groups_of(generator.get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


def _in_words(values: Sequence[Value]) -> list[Value]:
    """Return values with notes in the partner's words; names and choices are what programs send."""
    parts = [(one, *one.note.partition(_ONE_OF)) for one in values]
    return [replace(one, note=f"{in_words(said)}{mark}{rest}") for one, said, mark, rest in parts]


@require_GET
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show every call of the API, in the partner's frame and, where we speak, its words."""
    groups = [
        Group(
            group.name,
            in_words(group.title),
            [
                replace(
                    one,
                    text=in_words(one.text),
                    parameters=_in_words(one.parameters),
                    body=_in_words(one.body),
                    answers=[(status, _in_words(values)) for status, values in one.answers],
                )
                for one in group.calls
            ],
        )
        for group in _groups("config.urls_admin")
    ]
    context = {"groups": groups, "address": f"{request.scheme}://{request.get_host()}/api/v1/"}
    return page(request, "api/docs.html", context)
