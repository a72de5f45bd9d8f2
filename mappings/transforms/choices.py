"""Steps on yes and no, on fixed tables, on lists, and fingerprints."""

import hashlib
from collections.abc import Mapping

from mappings.transforms.base import (
    MAX_TEXT,
    Param,
    Step,
    Transform,
    TransformError,
    list_of,
    plain,
    text_of,
)

_YES = {"true", "yes", "y", "1", "on", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "sì"}
_NO = {"false", "no", "n", "0", "off", "nein", "falsch", "non", "faux", "não"}


def _boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    word = text_of(value).strip().lower()
    if word not in _YES | _NO:
        raise TransformError("is neither yes nor no")
    return word in _YES


def _negated(value: object) -> object:
    return not _boolean(value)


def _equals(params: Mapping[str, object]) -> Step:
    wanted = {part.strip().lower() for part in str(params["values"]).split(",")} - {""}
    if not wanted:
        raise TransformError("'values' must have at least one word")
    return lambda value: text_of(value).strip().lower() in wanted


def _table(params: Mapping[str, object]) -> Step:
    table = params["table"]
    assert isinstance(table, dict)

    def step(value: object) -> object:
        word = text_of(value)
        if word not in table:
            known = ", ".join(list(table)[:6])
            raise TransformError(f"{word[:40]!r} is not in the table ({known})")
        return table[word]

    return step


def _joined(params: Mapping[str, object]) -> Step:
    separator = str(params["separator"])

    def step(value: object) -> object:
        parts = [text_of(one) for one in list_of(value) if one is not None]
        if sum(map(len, parts)) + len(separator) * len(parts) > MAX_TEXT:
            raise TransformError(f"the text would grow beyond {MAX_TEXT} characters")
        return separator.join(parts)

    return step


def _split(params: Mapping[str, object]) -> Step:
    separator = str(params["separator"])
    if not separator:
        raise TransformError("a separator is needed")
    return lambda value: [part.strip() for part in text_of(value).split(separator)]


def _fingerprint(value: object) -> object:
    try:
        content = text_of(value).encode()
    except UnicodeEncodeError as error:
        raise TransformError("the text holds half a character") from error
    return hashlib.sha256(content).hexdigest()


def _at(position: int) -> Step:
    def step(value: object) -> object:
        members = list_of(value)
        if not members:
            raise TransformError("the list is empty")
        return members[position]

    return step


TRANSFORMS = (
    Transform("to_boolean", "Yes or no", "choice", plain(_boolean)),
    Transform("not", "The opposite", "choice", plain(_negated)),
    Transform(
        "is_one_of",
        "Is one of",
        "choice",
        _equals,
        (Param("values", "text", help="Separated by commas"),),
    ),
    Transform("table", "By a table", "choice", _table, (Param("table", "table"),)),
    Transform("join", "Join", "list", _joined, (Param("separator", "text"),)),
    Transform("split", "Split", "list", _split, (Param("separator", "text"),)),
    Transform("first", "First", "list", plain(_at(0))),
    Transform("last", "Last", "list", plain(_at(-1))),
    Transform("count", "How many", "list", plain(lambda value: len(list_of(value)))),
    Transform("sha256", "Fingerprint", "choice", plain(_fingerprint)),
)
