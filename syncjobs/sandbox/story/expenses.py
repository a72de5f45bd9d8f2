"""What a firm's people spent for its customers in a month.

Told with a chance of its own, so that the month's other rows are the same with and without it.
"""

import datetime as dt
import random
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from syncjobs.sandbox.story.firm import Firm
from syncjobs.sandbox.story.people import CENT, Assignment, Person

# Category, from and to in whole units of money, tax within the price in per cent.
_KINDS = (
    ("Rail", 18, 240, 7),
    ("Hotel", 89, 420, 7),
    ("Flight", 140, 780, 0),
    ("Taxi", 9, 64, 7),
    ("Mileage", 6, 92, 0),
)


@dataclass(frozen=True)
class Expense:
    """A row of an expense report; `approved_at` is aware, None while nobody approved it.

    cost: what was paid, with tax. amount: what the customer is charged, without.
    """

    number: str
    project: str
    person: Person
    category: str
    date: dt.date
    cost: Decimal
    tax: Decimal
    amount: Decimal
    billable: bool
    state: str  # Submitted or Approved
    approved_at: dt.datetime | None


def spent(
    firm: Firm, first: dt.date, assignments: list[Assignment], closings: dict[str, dt.datetime]
) -> list[Expense]:
    """Return a month's expenses, about one for every second person on a running engagement.

    The last billable one is not approved, the one before it only after the cut-off.
    closings: when the month's billing closes, by entity.
    """
    chance = random.Random(f"{firm.slug}:{first:%Y-%m}:expenses")
    ending = {one.code for one in firm.engagements if one.ends}
    found = [
        _expense(one, first, closings[one.person.entity.name], chance)
        for one in assignments
        if one.project not in ending and chance.random() < 0.5
    ]
    found.sort(key=lambda one: (one.date, one.project, one.person.number))
    *_, late, unapproved = (place for place, one in enumerate(found) if one.billable)
    closing = closings[found[late].person.entity.name]
    found[late] = replace(found[late], approved_at=closing + dt.timedelta(minutes=35))
    found[unapproved] = replace(found[unapproved], state="Submitted", approved_at=None)
    return [replace(one, number=f"X-{first:%Y%m}-{n:04d}") for n, one in enumerate(found, 1)]


def _expense(
    assignment: Assignment, first: dt.date, closing: dt.datetime, chance: random.Random
) -> Expense:
    category, least, most, tax = chance.choice(_KINDS)
    cost = CENT * chance.randrange(least * 100, most * 100)
    within = (cost * tax / (100 + tax)).quantize(CENT, ROUND_HALF_UP)
    return Expense(
        number="",
        project=assignment.project,
        person=assignment.person,
        category=category,
        date=first + dt.timedelta(days=chance.randrange(0, 26)),
        cost=cost,
        tax=within,
        amount=cost - within,
        billable=chance.random() < 0.85,
        state="Approved",
        approved_at=closing - dt.timedelta(hours=chance.randrange(5, 60)),
    )
