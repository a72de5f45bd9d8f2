"""One month of a firm's life: who worked on what, what it cost, and who approved it when.

Deterministic: the same firm and month give the same rows on every machine. Approvals come
every Monday; the last week's come before the cut-off, but some come after it, and some never.
"""

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from syncjobs.sandbox.story.expenses import Expense, spent
from syncjobs.sandbox.story.firm import Engagement, Entity, Firm
from syncjobs.sandbox.story.people import CENT, Assignment, Person, payroll, round_to, teams

QUARTER = Decimal("0.25")
WRONG_RATES = 3
_INTERNAL = "0000"


@dataclass(frozen=True)
class Entry:
    """A row of a time sheet; `approved_at` is aware, None while nobody approved it."""

    number: str
    project: str
    person: Person
    task: str
    date: dt.date
    hours: Decimal
    rate: Decimal
    billable: bool
    state: str  # Draft, Submitted or Approved
    approved_at: dt.datetime | None
    note: str


@dataclass(frozen=True)
class Month:
    """Everything that a firm's systems know about one month."""

    firm: Firm
    first: dt.date
    people: list[Person] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)
    # A full month: so many rows a working day and assignment, and mistakes beyond the usual.
    rows_a_day: int = 0

    @property
    def agreed_rates(self) -> set[Decimal]:
        """What an hour may cost a customer: each assignment's rate, and that of overtime."""
        factors = (Decimal(1), Decimal("1.5"))
        return {
            (one.rate * factor).quantize(CENT, ROUND_HALF_UP)
            for one in self.assignments
            for factor in factors
        }

    @property
    def period(self) -> str:
        """The month, such as "2026-10"."""
        return f"{self.first:%Y-%m}"

    @property
    def following(self) -> dt.date:
        """The first day of the next month."""
        return (self.first + dt.timedelta(days=31)).replace(day=1)

    @property
    def internal_project(self) -> str:
        """The code of the project for what no customer pays."""
        return f"{self.firm.engagements[0].code.rpartition('-')[0]}-{_INTERNAL}"

    def closing(self, entity: Entity) -> dt.datetime:
        """When the month's billing closes for an entity, in its own zone."""
        day = self.following.replace(day=self.firm.cut_off_day)
        time = dt.time.fromisoformat(self.firm.cut_off_time)
        return dt.datetime.combine(day, time, ZoneInfo(entity.zone))


def story_month(as_of: dt.date) -> dt.date:
    """The month that is told on a day: the last one whose approvals are all in.

    The calendar month before, from its eighth day on; until then the one before that.
    """
    last = as_of - dt.timedelta(days=7)
    return (last.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def build(firm: Firm, first: dt.date, *, rows_a_day: int = 0) -> Month:
    """Tell the month that begins on `first`; with `rows_a_day` a full one, with wrong rates."""
    people = payroll(firm)
    month = Month(firm, first, people, teams(firm, people), rows_a_day=rows_a_day)
    chance = random.Random(f"{firm.slug}:{month.period}")
    drafts = [*_worked(month, chance), *_internal(month, chance)]
    drafts.sort(key=lambda entry: (entry.date, entry.project, entry.person.number, entry.task))
    prefix = f"T-{first:%Y%m}"
    numbered = [replace(one, number=f"{prefix}-{n:05d}") for n, one in enumerate(drafts, 1)]
    month.entries.extend(_with_exceptions(month, numbered, chance))
    if rows_a_day:
        _mistype_rates(month, chance)
    closings = {one.name: month.closing(one) for one in firm.entities}
    month.expenses.extend(spent(firm, first, month.assignments, closings))
    return month


def _worked(month: Month, chance: random.Random) -> Iterator[Entry]:
    engagements = {one.code: one for one in month.firm.engagements}
    for assignment in month.assignments:
        engagement = engagements[assignment.project]
        for date, hours, factor in _rhythm(month, chance):
            draft = _draft(month, assignment.person, date, chance)
            yield replace(
                draft,
                project=assignment.project,
                task=chance.choice(engagement.tasks),
                hours=hours,
                rate=(assignment.rate * factor).quantize(CENT, ROUND_HALF_UP),
                billable=not engagement.fixed_price and chance.random() > 0.04,
            )


def _internal(month: Month, chance: random.Random) -> Iterator[Entry]:
    share = max(4, month.firm.headcount // 8)
    for person in chance.sample(month.people, share):
        date = month.first + dt.timedelta(days=chance.randrange(0, 27))
        hours = QUARTER * chance.randrange(4, 33)
        draft = _draft(month, person, date, chance)
        yield replace(
            draft,
            project=month.internal_project,
            task=chance.choice(month.firm.internal_tasks),
            hours=hours,
            rate=Decimal("0.00"),
            billable=False,
            note="",
        )


def _draft(month: Month, person: Person, date: dt.date, chance: random.Random) -> Entry:
    approved = _approval(month, person.entity, date, chance)
    return Entry(
        number="",
        project="",
        person=person,
        task="",
        date=date,
        hours=Decimal(0),
        rate=Decimal(0),
        billable=True,
        state="Approved",
        approved_at=approved,
        note=chance.choice(month.firm.notes),
    )


def _approval(month: Month, entity: Entity, date: dt.date, chance: random.Random) -> dt.datetime:
    """The Monday after the work, in office hours, but always before the cut-off."""
    monday = date + dt.timedelta(days=7 - date.weekday())
    time = dt.time(chance.randrange(9, 17), chance.randrange(60))
    found = dt.datetime.combine(monday, time, ZoneInfo(entity.zone))
    closing = month.closing(entity)
    if found <= closing:
        return found
    return closing - dt.timedelta(minutes=chance.randrange(1, 900))


def _weeks(month: Month) -> list[list[dt.date]]:
    days = [month.first + dt.timedelta(days=n) for n in range(31)]
    work = [day for day in days if day.month == month.first.month and day.weekday() < 5]
    return [list(week) for _, week in itertools.groupby(work, lambda d: d.isocalendar()[:2])]


def _rhythm(month: Month, chance: random.Random) -> Iterator[tuple[dt.date, Decimal, Decimal]]:
    """The (date, hours, price factor) of one person's rows on one engagement."""
    one = Decimal(1)
    if month.rows_a_day:
        yield from _full_days(month, chance)
        return
    for week in _weeks(month):
        share = Decimal(len(week)) / 5
        match month.firm.rhythm:
            case "weekly":
                full = Decimal(chance.choice(("16", "22.75", "30", "33.25", "37.5", "38.25")))
                if chance.random() > 0.06:
                    yield week[-1], round_to(full * share, QUARTER), one
            case "shifts":
                yield week[-1], round_to(Decimal(40) * share, QUARTER), one
                if chance.random() < 0.35:
                    yield week[-1], QUARTER * chance.randrange(4, 41), Decimal("1.5")
            case _:
                for day in week:
                    if chance.random() > 0.35:
                        yield day, QUARTER * chance.randrange(3, 33), one


def _full_days(month: Month, chance: random.Random) -> Iterator[tuple[dt.date, Decimal, Decimal]]:
    """Several rows each working day; where shifts are worked, now and then one of overtime."""
    for day in itertools.chain.from_iterable(_weeks(month)):
        for _ in range(month.rows_a_day):
            is_over = month.firm.rhythm == "shifts" and chance.random() < 0.05
            factor = Decimal("1.5") if is_over else Decimal(1)
            yield day, QUARTER * chance.randrange(1, 9), factor


def _mistype_rates(month: Month, chance: random.Random) -> None:
    """Let somebody slip by a decimal place in three rows that would be billed this month."""
    billed = [
        n
        for n, one in enumerate(month.entries)
        if one.billable
        and one.approved_at
        and _inside(month, one)
        and one.rate
        and one.approved_at < month.closing(one.person.entity)
    ]
    for n in chance.sample(billed, WRONG_RATES):
        month.entries[n] = replace(month.entries[n], rate=month.entries[n].rate * 10)


def _with_exceptions(month: Month, entries: list[Entry], chance: random.Random) -> list[Entry]:
    """Let some approvals come too late, some not at all, and one in the last minute."""
    billable = [n for n, one in enumerate(entries) if one.billable and _inside(month, one)]
    chosen = chance.sample(billable, month.firm.late_entries + month.firm.open_entries + 1)
    for n in chosen[: month.firm.late_entries]:
        closing = month.closing(entries[n].person.entity)
        late = closing + dt.timedelta(minutes=chance.randrange(1, 1800))
        entries[n] = replace(entries[n], approved_at=late)
    for n in chosen[month.firm.late_entries : -1]:
        state = chance.choice(("Submitted", "Submitted", "Draft"))
        entries[n] = replace(entries[n], state=state, approved_at=None)
    last = chosen[-1]
    at_closing = month.closing(entries[last].person.entity)
    entries[last] = replace(entries[last], approved_at=at_closing)
    return entries


def _inside(month: Month, entry: Entry) -> bool:
    return not after_contract(engagement_of(month, entry.project), entry.date)


def engagement_of(month: Month, project: str) -> Engagement | None:
    """The engagement of a project code; None for internal work."""
    return next((one for one in month.firm.engagements if one.code == project), None)


def after_contract(engagement: Engagement | None, date: dt.date) -> bool:
    """Whether work on a date is after the end of its contract."""
    return bool(engagement and engagement.ends and date.day > engagement.ends)
