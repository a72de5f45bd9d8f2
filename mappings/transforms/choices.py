"""Steps on yes and no, on fixed tables, on lists, and fingerprints."""

import hashlib
from collections.abc import Mapping

from mappings.transforms.base import Param, Step, Transform, TransformError, list_of, plain, text_of

_YES = {"true", "yes", "y", "1", "on"}
_NO = {"false", "no", "n", "0", "off"}


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
    wanted = {part.strip().lower() for part in str(params["values"]).split(",")}
    return lambda value: text_of(value).strip().lower() in wanted


def _table(params: Mapping[str, object]) -> Step:
    given = params["table"]
    table = {str(key): value for key, value in given.items()} if isinstance(given, dict) else {}
    if not table or len(table) > 500:
        raise TransformError("the table has 1 to 500 rows")

    def step(value: object) -> object:
        word = text_of(value)
        if word not in table:
            known = ", ".join(list(table)[:6])
            raise TransformError(f"{word[:40]!r} is not in the table ({known})")
        return table[word]

    return step


def _joined(params: Mapping[str, object]) -> Step:
    separator = str(params["separator"])
    return lambda value: text_of(separator.join(text_of(one) for one in list_of(value)))


def _split(params: Mapping[str, object]) -> Step:
    separator = str(params["separator"])
    if not separator:
        raise TransformError("a separator is needed")
    return lambda value: [part.strip() for part in text_of(value).split(separator)]


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
    Transform(
        "sha256",
        "Fingerprint",
        "choice",
        plain(lambda value: hashlib.sha256(text_of(value).encode()).hexdigest()),
    ),
)
