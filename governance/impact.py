"""What a proposed change would do to real records: who can tell, and in what shape.

Higher apps register an assessor for each kind that runs over records, in `AppConfig.ready()`,
and whoever owns the queue registers how to ring for the work. Governance only asks, keeps the
answer with the change and binds it to the signatures (`services.impacts`). Pure.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from governance.errors import AlreadyRegistered

if TYPE_CHECKING:
    from governance.models import Change

Verdict = Literal["same", "changed", "failing", "held", "freed"]
VERDICTS: Final[tuple[Verdict, ...]] = ("same", "changed", "failing", "held", "freed")
MOST_EXAMPLES: Final = 12
_OF_EACH: Final = 6
# Sums of any number of amounts that records can hold (40 digits each) are exact.
_EXACT: Final = Context(prec=60)
_NONE: Final = Decimal(0)


class NotAssessable(Exception):
    """A change can't be tried on records; the message says why, fit to show."""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of an example; None where it is not filled. money: whether it is an amount."""

    field: str
    before: str | None
    after: str | None
    money: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one record under the rules that are live, and under those proposed.

    failing, held: only where it was not so before. freed: it failed or was held and goes out.
    before, after: currency → what the record is worth on either side, where it goes out.
    lines: the fields that differ. note: why it fails or is held. at: when the record was last
    worked on.
    """

    verdict: Verdict
    client_id: int
    label: str
    what: str = ""
    before: Mapping[str, Decimal] = field(default_factory=dict)
    after: Mapping[str, Decimal] = field(default_factory=dict)
    lines: tuple[FieldLine, ...] = ()
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """A run over records: how many there will be at most, and what becomes of them, in batches.

    notes: what the reader must know about it, as sentences; complete once `batches` ended.
    """

    total: int
    batches: Iterator[Sequence[Tried]]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Assessor:
    """How the impact of one kind of change is found, without writing anything.

    assess: (the change, all changes of its request, the most records to try).
    standing: what besides the change's own base the answer hangs on, such as the live versions
    of the mappings that look into a value map; another text makes an answer out of date.
    """

    kind: str
    assess: "Callable[[Change, Sequence[Change], int], Assessment]"
    standing: "Callable[[Change], str]"


_assessors: dict[str, Assessor] = {}


def register_assessor(assessor: Assessor) -> Assessor:
    """Let a kind's changes be tried on records. Raises AlreadyRegistered."""
    if assessor.kind in _assessors:
        raise AlreadyRegistered(f"The impact of {assessor.kind!r} is registered twice.")
    _assessors[assessor.kind] = assessor
    return assessor


def assessor_of(kind: str) -> Assessor | None:
    """Return how the impact of a kind is found; None where it touches no record."""
    return _assessors.get(kind)


@dataclass(slots=True)
class Tally:
    """Counts, money and examples of what was tried so far.

    Money, by currency: before and after of the records that go out on both sides; stopped and
    freed are the amounts of those that newly do not, or newly do.
    """

    tried: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    money: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    examples: list[Tried] = field(default_factory=list)

    def add(self, batch: Sequence[Tried]) -> None:
        """Count a batch."""
        for one in batch:
            self._add(one)

    def _add(self, one: Tried) -> None:
        self.tried += 1
        self.counts[one.verdict] += 1
        if one.at is not None:
            self.oldest = min(self.oldest or one.at, one.at)
            self.newest = max(self.newest or one.at, one.at)
        stops = one.verdict in ("failing", "held")
        self._sum(one.before, "stopped" if stops else "before")
        self._sum(one.after, "freed" if one.verdict == "freed" else "after")
        if one.verdict != "same":
            self._show(one)

    def _sum(self, amounts: Mapping[str, Decimal], into: str) -> None:
        for currency, amount in amounts.items():
            sums = self.money.setdefault(
                currency, dict.fromkeys(("before", "after", "stopped", "freed"), _NONE)
            )
            sums[into] = _EXACT.add(sums[into], amount)

    def _show(self, one: Tried) -> None:
        """Keep the examples that move most money of each verdict, whatever order they come in."""
        alike = sorted(
            [each for each in self.examples if each.verdict == one.verdict] + [one], key=_weight
        )[:_OF_EACH]
        others = [each for each in self.examples if each.verdict != one.verdict]
        self.examples = others + alike

    def report(self, notes: Sequence[str]) -> dict[str, Any]:
        """Return it as plain JSON: decimals as text, moments as ISO 8601."""
        order = ("failing", "held", "changed", "freed")
        shown = sorted(self.examples, key=lambda one: (order.index(one.verdict), _weight(one)))
        return {
            "tried": self.tried,
            "counts": dict(self.counts),
            "money": {
                currency: {
                    **{name: format(amount, "f") for name, amount in sums.items()},
                    "difference": format(_EXACT.subtract(sums["after"], sums["before"]), "f"),
                }
                for currency, sums in sorted(self.money.items())
            },
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "examples": [_plain(one) for one in _mixed(shown)],
            "notes": list(notes),
        }


def _weight(one: Tried) -> tuple[Decimal, str]:
    currencies = {*one.before, *one.after}
    moved = sum(
        (abs(one.after.get(each, _NONE) - one.before.get(each, _NONE)) for each in currencies),
        _NONE,
    )
    return -moved, one.label


def _mixed(shown: Sequence[Tried]) -> list[Tried]:
    """Take from every verdict in turn, so that many of one do not hide the few of another."""
    piles = [[one for one in shown if one.verdict == verdict] for verdict in VERDICTS]
    taken: list[Tried] = []
    while any(piles) and len(taken) < MOST_EXAMPLES:
        for pile in piles:
            if pile and len(taken) < MOST_EXAMPLES:
                taken.append(pile.pop(0))
    return sorted(taken, key=shown.index)


def _plain(one: Tried) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "client_id": one.client_id,
        "label": one.label,
        "what": one.what,
        "note": one.note,
        "lines": [[line.field, line.before, line.after, line.money] for line in one.lines],
    }


def digest_of(report: Mapping[str, Any]) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of what a preview says; not of when it ran."""
    said = {name: value for name, value in report.items() if name not in ("at", "seconds")}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
