"""One record under two documents: what comes of it before and after. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from governance.impact import FieldLine, Verdict
from mappings.amounts import currency_in, is_amount, worth
from mappings.canonical.custom import NONE, CustomFields
from mappings.documents import Problem
from mappings.engine import Mapped
from mappings.numbers import CONTEXT
from mappings.rules import VALUE_HELD

Record = Mapping[str, object]
OUT, HELD, FAILING, LEFT = "out", "held", "failing", "left out"
_MOST_LINES: Final = 30
_MOST_TEXT: Final = 200
# The engine waits for these; any other problem is a failure.
_WAITS: Final = frozenset({"reference_missing", VALUE_HELD})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a record ends: goes out with `data`, is held, fails, or is left out, and why.

    parts: the records that it becomes, where it becomes several; `data` then has them by key.
    """

    state: str
    data: Record = field(default_factory=dict)
    why: str = ""
    parts: tuple[Record, ...] = ()


def ended(mapped: Mapped, key: str | None = None) -> Ended:
    """Return how a mapped record ends in the engine. key: its number, "" when it lacks one."""
    if mapped.data is None:
        waits = all(one.code in _WAITS for one in mapped.problems)
        return Ended(HELD if waits and mapped.problems else FAILING, why=_said(mapped.problems))
    if key == "":
        return Ended(FAILING, why="The record has no number of its own.")
    if mapped.holds:
        return Ended(HELD, why=_said(mapped.holds))
    return Ended(OUT, mapped.data)


def all_ended(found: Mapping[str, Ended]) -> Ended:
    """Return how a record ends that becomes several: all of them go out, or none does."""
    for one in found.values():
        if one.state != OUT:
            return one
    parts = tuple(one.data for one in found.values())
    return Ended(OUT, {key: one.data for key, one in found.items()}, parts=parts)


def verdict(old: Ended, new: Ended) -> Verdict:
    """Return what the change does to a record."""
    if new.state == old.state:
        return "changed" if new.state == OUT and new.data != old.data else "same"
    if new.state == FAILING:
        return "failing"
    if new.state == HELD:
        return "held"
    return "freed" if old.state in (FAILING, HELD) else "changed"


def money_of(
    one: Ended, currency: str, object_type: str = "", custom: CustomFields = NONE
) -> dict[str, Decimal]:
    """Return currency → what the record is worth; nothing where it does not go out."""
    made: dict[str, Decimal] = {}
    for data in (one.parts or (one.data,)) if one.state == OUT else ():
        amount = worth(data, object_type, custom)
        if amount is not None:
            name = currency_in(data) or currency
            made[name] = CONTEXT.add(made.get(name, Decimal(0)), amount)
    return made


def lines_between(
    old: Ended, new: Ended, object_type: str = "", custom: CustomFields = NONE
) -> tuple[FieldLine, ...]:
    """Return the fields that differ, side by side; of one that is stopped, its amounts."""
    before, after = dict(_flat(old.data)), dict(_flat(new.data))
    found = []
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now and name in before and name in after:
            continue
        money = is_amount(name, now if now is not None else was, object_type, custom)
        found.append(
            FieldLine(
                name,
                _text(was) if name in before else None,
                _text(now) if name in after else None,
                money,
            )
        )
    if OUT not in (old.state, new.state):
        return ()
    if new.state != OUT:
        found = [one for one in found if one.money] or found
    return tuple(sorted(found, key=lambda one: not one.money)[:_MOST_LINES])


def _flat(data: Record, above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        text = format(value, "f")
    elif isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _said(problems: Sequence[Problem]) -> str:
    return " ".join(dict.fromkeys(one.message for one in problems[:3]))
