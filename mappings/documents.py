"""A mapping's document: what it may hold, its canonical JSON and its hash. Pure.

    {"rules": [{"id": "amount", "target": "amount", "source": "Amount",
                "steps": [{"do": "round", "digits": 2}], "required": true}],
     "checks": [{"id": "rate", "assert": "gt(field('rate'), 0)",
                 "message": "A billable hour needs a rate.", "severity": "reject"}]}

A rule takes its value from one of `source` (a path in the record), `constant`, `expr`, or
`for_each` (a list in the record, with `rules` for its members); then come `steps`, then
`lookup`: {"reference": "customer"} for what stands for another record on the other side, or
{"value_map": "terms", "on_miss": "fail" | "hold" | "default" | "pass"}.

`on_missing` (no such field) and `on_null` (null or empty, before or after the steps) say what
happens when there is no value: fail, null, default or skip (the target stays out). Without
them: default when there is one, fail when the rule is required, null otherwise. `default` is
the result itself: no step touches it. `when` is a condition; a rule whose condition is false
stays out. `type` is the type of the result. Two rules may have one target when both have a
condition; when both give a value, that is a problem.

A partner's document says where a client may differ: `extension` of a rule is "replace" (a client
may replace it) or "any" (replace it or leave it out); `open_targets` of the document lists the
targets that a client may add rules for. `overlays.py` holds clients to it.

`structure.py` checks all of this.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mappings.numbers import as_text

MAX_BYTES: Final = 400_000
_MAX_DEPTH: Final = 20
_MAX_VALUES: Final = 50_000
_MAX_BITS: Final = 63


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with a document or with a record.

    code: stable, for programs. rule, target, source: where. message: what to do, in words.
    """

    code: str
    message: str
    rule: str = ""
    target: str = ""
    source: str = ""
    detail: Mapping[str, object] | None = None

    def __str__(self) -> str:
        where = f"{self.target}: " if self.target else ""
        return f"{where}{self.message}"


class MappingError(ValueError):
    """A document that can't be used; `problems` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(one) for one in problems[:5]))


def canonical_json(value: object) -> str:
    """Return the one text of a plain document or part of one: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def document_hash(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def rules_of(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the rules of a document, or of a rule over a list, without looking into them."""
    return objects_in(document.get("rules"))


def checks_of(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the checks of a document, without looking into them."""
    return objects_in(document.get("checks"))


def open_targets(document: Mapping[str, object]) -> list[str]:
    """Return the targets that a client may add rules for, in order."""
    given = document.get("open_targets")
    return sorted({str(one) for one in given}) if isinstance(given, list) else []


def objects_in(value: object) -> list[Mapping[str, object]]:
    """Return the objects in a list, nothing for anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def is_storable(text: str) -> bool:
    """Say whether a database keeps the text: no null sign, no half of a character."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(slots=True)
class _Walk:
    """What a walk through a document has met."""

    values: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, place: str, text: str) -> None:
        self.faults.append(f"{place or 'The document'} {text}.")


def plain_document(document: object) -> dict[str, object]:
    """Return a deep copy made of JSON's own values, decimals as text.

    Raises MappingError naming each place that holds something else: a float above all, whose
    digits would not come back as they were written.
    """
    walk = _Walk()
    made = _plain(document, "", 0, walk)
    if not isinstance(made, dict):
        walk.fault("", "is not a JSON object")
    elif not walk.faults and len(canonical_json(made).encode()) > MAX_BYTES:
        walk.fault("", f"is larger than {MAX_BYTES // 1000} kB; split the mapping")
    if walk.faults or not isinstance(made, dict):
        raise MappingError([Problem("not_plain", fault) for fault in walk.faults[:20]])
    return made


def _plain(value: object, place: str, depth: int, walk: _Walk) -> object:
    walk.values += 1
    if depth > _MAX_DEPTH or walk.values > _MAX_VALUES:
        if not walk.faults or walk.faults[-1] != _TOO_MUCH:
            walk.faults.append(_TOO_MUCH)
        return None
    if isinstance(value, Mapping):
        return dict(_plain_members(value, place, depth, walk))
    if isinstance(value, list | tuple):
        if len(value) > _MAX_VALUES - walk.values:
            walk.values = _MAX_VALUES + 1
            return _plain(None, place, depth, walk)
        return [_plain(one, f"{place}[{at}]", depth + 1, walk) for at, one in enumerate(value)]
    return _plain_scalar(value, place, walk)


_TOO_MUCH: Final = "The document is nested too deep or holds too much; split the mapping."


def _plain_members(
    value: Mapping[object, object], place: str, depth: int, walk: _Walk
) -> Iterator[tuple[str, object]]:
    for key, one in value.items():
        if not isinstance(key, str) or not is_storable(key):
            walk.fault(place, "has a name that is not text or can't be stored")
            continue
        yield key, _plain(one, f"{place}.{key[:60]}" if place else key[:60], depth + 1, walk)


def _plain_scalar(value: object, place: str, walk: _Walk) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not is_storable(value):
            walk.fault(place, "holds a sign that can't be stored")
        return value
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= 60:
        return as_text(value)
    if isinstance(value, int) and value.bit_length() <= _MAX_BITS:
        return value
    kind = "an inexact number" if isinstance(value, float) else "no plain value"
    walk.fault(place, f"is {kind}; write it as a text")
    return None
