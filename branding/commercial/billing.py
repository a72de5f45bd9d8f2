"""From subscriptions and days of usage to the draft of a month. Pure.

A month is cut into segments: the days that one tier covers without a break. Each segment is
priced on its own, with its share of the month.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from branding.commercial.agreements import Agreement
from branding.commercial.breaches import Breach
from branding.commercial.fees import Fee
from branding.commercial.margins import NO_COSTS, Costs
from branding.commercial.months import Month
from branding.pricing import Line, PriceList, Share, included_in, price, total


@dataclass(frozen=True, slots=True)
class Span:
    """A subscription's days, both ends included; `ends_on` None: it goes on. agreed: what is
    this client's own in the month that is looked at.
    """

    tier_id: int
    starts_on: date
    ends_on: date | None
    agreed: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """The days of a month that one tier covers, what it asks for then, and what it costs."""

    tier_name: str
    prices: PriceList
    first: date
    last: date
    share: Share
    costs: Costs = NO_COSTS


@dataclass(frozen=True, slots=True)
class Part:
    """A segment with its usage and its lines."""

    segment: Segment
    used: int
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """The sum of the part's lines."""
        return total(self.lines)


@dataclass(frozen=True, slots=True)
class Extras:
    """What a month has besides its segments and its usage."""

    fees: tuple[Fee, ...] = ()
    breaches: tuple[Breach, ...] = ()


NOTHING_ELSE: Final = Extras()


@dataclass(frozen=True, slots=True)
class Charged:
    """A line with the tier and the days that it is for; a fee has no tier."""

    tier_name: str
    first: date
    last: date
    line: Line


@dataclass(frozen=True, slots=True)
class Draft:
    """A month as it stands.

    used: deliveries counted in the month; outside: those of them on days without a
    subscription, which nobody pays. currency is empty when there is no segment.
    """

    month: Month
    currency: str
    parts: tuple[Part, ...]
    used: int
    outside: int
    total: Decimal
    fees: tuple[Fee, ...] = ()

    def charged(self) -> Iterator[Charged]:
        """Return all lines in a statement's order: each segment's, then the fees."""
        for part in self.parts:
            one = part.segment
            yield from (Charged(one.tier_name, one.first, one.last, line) for line in part.lines)
        for fee in self.fees:
            yield Charged("", self.month.first, self.month.last, fee.line())

    @property
    def included(self) -> int:
        """The volume that the month's base fees cover."""
        return sum(included_in(part.segment.prices, part.segment.share) for part in self.parts)

    @property
    def is_empty(self) -> bool:
        """Whether no tier covers a day of the month."""
        return not self.parts

    @property
    def remaining(self) -> int:
        """What is left of the included volume."""
        return max(0, self.included - self.used)

    @property
    def beyond(self) -> int:
        """Deliveries that are paid beyond the included volume."""
        return sum(
            line.quantity for part in self.parts for line in part.lines if line.kind == "overage"
        )


def cut(month: Month, spans: Iterable[Span]) -> list[Span]:
    """Return the spans' days inside the month, in order; neighbours on one tier under the
    same terms are joined.

    Joining keeps a month that was subscribed twice to the same tier exactly as dear as one
    subscribed once.
    """
    inside: list[Span] = []
    for span in sorted(spans, key=lambda one: one.starts_on):
        first = max(span.starts_on, month.first)
        last = min(span.ends_on or month.last, month.last)
        if first > last:
            continue
        before = inside[-1] if inside else None
        if before and before.ends_on == first - timedelta(1) and _is_alike(before, span):
            inside[-1] = replace(before, ends_on=last)
        else:
            inside.append(replace(span, starts_on=first, ends_on=last))
    return inside


def _is_alike(one: Span, other: Span) -> bool:
    ours, theirs = (None if not span.agreed else span.agreed.terms for span in (one, other))
    return one.tier_id == other.tier_id and ours == theirs


def share_of(month: Month, first: date, last: date) -> Share:
    """Return the share of the month that the days from `first` to `last` are."""
    return Share((last - first).days + 1, month.days)


def draft_of(
    month: Month,
    segments: Sequence[Segment],
    by_day: Mapping[date, int],
    extras: Extras = NOTHING_ELSE,
) -> Draft:
    """Return the month's draft: each segment priced with the usage of its own days."""
    parts: list[Part] = []
    for segment in segments:
        used = sum(count for day, count in by_day.items() if segment.first <= day <= segment.last)
        late = [one.key for one in extras.breaches if segment.first <= one.day <= segment.last]
        parts.append(Part(segment, used, price(segment.prices, used, segment.share, late)))
    used_in_month = sum(count for day, count in by_day.items() if month.first <= day <= month.last)
    return Draft(
        month=month,
        currency=segments[0].prices.currency if segments else "",
        parts=tuple(parts),
        used=used_in_month,
        outside=used_in_month - sum(part.used for part in parts),
        total=total(
            [line for part in parts for line in part.lines] + [fee.line() for fee in extras.fees]
        ),
        fees=extras.fees,
    )
