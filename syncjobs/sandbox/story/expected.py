"""What must come out: control totals of a month, computed from the story's own rows.

Nothing here looks at the systems or at the product. Money is rounded half-up to the cent for
each row, then added.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from syncjobs.sandbox.story.expenses import Expense
from syncjobs.sandbox.story.month import Entry, Month, after_contract, engagement_of
from syncjobs.sandbox.story.people import CENT

ZERO = Decimal("0.00")
# What happens to a billable row.
NOW, NEXT, REFUSED, OPEN = "this cycle", "next cycle", "refused", "not approved"
WRONG = "at a rate that nobody agreed to"


@dataclass
class Sum:
    """A control total."""

    rows: int = 0
    hours: Decimal = ZERO
    amount: Decimal = ZERO

    def add(self, hours: Decimal, amount: Decimal) -> None:
        """Count one row."""
        self.rows += 1
        self.hours += hours
        self.amount += amount


@dataclass
class ProjectTotals:
    """One engagement's month."""

    time: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    expenses: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    milestones: Sum = field(default_factory=Sum)
    held_milestones: Sum = field(default_factory=Sum)
    not_billable: Sum = field(default_factory=Sum)

    @property
    def invoiced(self) -> Decimal:
        """What this month's invoices of the engagement add up to, before tax."""
        return self.time[NOW].amount + self.expenses[NOW].amount + self.milestones.amount


@dataclass
class Expected:
    """One firm's month, by project code."""

    period: str
    next_period: str
    currency: str
    projects: dict[str, ProjectTotals]
    held_projects: tuple[str, ...]  # activation held: the customer's tax setting is missing
    new_projects: tuple[str, ...]  # won this month, to be created in the PSA

    def time(self, outcome: str) -> Sum:
        """All projects' rows with one outcome."""
        total = Sum()
        for one in self.projects.values():
            part = one.time[outcome]
            total.rows += part.rows
            total.hours += part.hours
            total.amount += part.amount
        return total

    def expenses(self, outcome: str) -> Sum:
        """All projects' billable expenses with one outcome."""
        total = Sum()
        for one in self.projects.values():
            total.rows += one.expenses[outcome].rows
            total.amount += one.expenses[outcome].amount
        return total

    def milestones(self, *, held: bool) -> Sum:
        """All completed milestones that are billed, or held."""
        total = Sum()
        for one in self.projects.values():
            part = one.held_milestones if held else one.milestones
            total.rows += part.rows
            total.amount += part.amount
        return total

    @property
    def delivered(self) -> Decimal:
        """All money that must be on invoice lines: both cycles' time and expenses, and the
        billed milestones."""
        both = sum(
            (part(one).amount for part in (self.time, self.expenses) for one in (NOW, NEXT)), ZERO
        )
        return both + self.milestones(held=False).amount


def amount_of(entry: Entry) -> Decimal:
    """Hours × rate, half-up to the cent."""
    return (entry.hours * entry.rate).quantize(CENT, ROUND_HALF_UP)


def outcome_of(month: Month, entry: Entry) -> str:
    """What must happen to a billable row."""
    if entry.approved_at is None:
        return OPEN
    if after_contract(engagement_of(month, entry.project), entry.date):
        return REFUSED
    if month.rows_a_day and entry.rate not in month.agreed_rates:
        return WRONG
    late = entry.approved_at > month.closing(entry.person.entity)
    return NEXT if late else NOW


def outcome_of_expense(month: Month, expense: Expense) -> str:
    """What must happen to a billable expense."""
    if expense.approved_at is None:
        return OPEN
    return NEXT if expense.approved_at > month.closing(expense.person.entity) else NOW


def expect(month: Month) -> Expected:
    """Add up a month."""
    projects: dict[str, ProjectTotals] = defaultdict(ProjectTotals)
    for entry in month.entries:
        totals = projects[entry.project]
        if entry.billable:
            totals.time[outcome_of(month, entry)].add(entry.hours, amount_of(entry))
        else:
            totals.not_billable.add(entry.hours, ZERO)
    for expense in month.expenses:
        if expense.billable:
            outcome = outcome_of_expense(month, expense)
            projects[expense.project].expenses[outcome].add(ZERO, expense.amount)
    for engagement in month.firm.engagements:
        if engagement.state != "running":
            continue
        for milestone in engagement.milestones:
            if milestone.day:
                totals = projects[engagement.code]
                kind = totals.held_milestones if milestone.amendment else totals.milestones
                kind.add(ZERO, milestone.amount)
    taxed = {one.number for one in month.firm.customers if one.country in month.firm.tax_rules}
    won = [one for one in month.firm.engagements if one.state == "won"]
    return Expected(
        period=month.period,
        next_period=f"{month.following:%Y-%m}",
        currency=month.firm.currency,
        projects=dict(projects),
        held_projects=tuple(one.code for one in won if one.customer not in taxed),
        new_projects=tuple(one.code for one in won),
    )
