"""A month of a small advisory firm, as data: who works for whom, at what price.

Deterministic for a period. What each project is worth is computed here, from these rows alone,
with the rounding that Tryton applies (half-even, each line): the control total of the story.
"""

import datetime as dt
import random
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from syncjobs.sandbox.tryton.company import Firm

CENT = Decimal("0.01")
FIRM = Firm("Vermeer Duyn Advisory BV", "Maliebaan 45", "3581 CD", "Utrecht")


@dataclass(frozen=True)
class Party:
    """A customer of the firm."""

    code: str
    name: str
    street: str
    postal_code: str
    city: str
    country: str
    email: str


@dataclass(frozen=True)
class Deal:
    """An opportunity; `outcome` is the button sequence that it went through."""

    reference: str
    customer: str
    description: str
    amount: Decimal
    outcome: str  # lead, opportunity, lost or converted


@dataclass(frozen=True)
class Task:
    """A piece of a project with its hourly price; None is not billable."""

    name: str
    price: Decimal | None
    budget_hours: int


@dataclass(frozen=True)
class Project:
    """A running engagement; its name begins with its code."""

    name: str
    customer: str | None
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Line:
    """One row of a time sheet; (employee, project, task, date) is unique."""

    employee: str
    project: str
    task: str
    date: dt.date
    minutes: int
    note: str


PARTIES = (
    Party(
        "C-2041",
        "Waterschap De Lage Landen",
        "Stationsplein 14",
        "3818 LE",
        "Amersfoort",
        "NL",
        "facturen@delagelanden.example",
    ),
    Party(
        "C-2042",
        "Brouwer Logistiek BV",
        "Waalhaven Oostzijde 77",
        "3087 BM",
        "Rotterdam",
        "NL",
        "crediteuren@brouwerlogistiek.example",
    ),
    Party(
        "C-2043",
        "Hôpital Sainte-Odile",
        "Rue du Méridien 22",
        "1210",
        "Bruxelles",
        "BE",
        "fournisseurs@sainteodile.example",
    ),
    Party(
        "C-2044",
        "Kessler Antriebstechnik GmbH",
        "Industriestraße 8",
        "47805",
        "Krefeld",
        "DE",
        "rechnung@kessler-antrieb.example",
    ),
    Party(
        "C-2045",
        "Stichting Groene Hart Zorg",
        "Burgemeester Jamessingel 2",
        "2803 WV",
        "Gouda",
        "NL",
        "administratie@groenehartzorg.example",
    ),
    Party(
        "C-2046",
        "Noordzee Windpark CV",
        "Havenkade 19",
        "1976 CB",
        "IJmuiden",
        "NL",
        "ap@noordzeewind.example",
    ),
)
EMPLOYEES = (
    ("E-01", "Anouk Vermeer"),
    ("E-02", "Ruben van Dijk"),
    ("E-03", "Sanne Bakker"),
    ("E-04", "Youssef El Amrani"),
    ("E-05", "Lotte Hendriks"),
    ("E-06", "Thijs Jansen"),
    ("E-07", "Ilse Claes"),
    ("E-08", "Daan Mulder"),
)
DEALS = (
    Deal("OPP-2041", "C-2041", "Asset register clean-up", Decimal("46000.00"), "converted"),
    Deal("OPP-2042", "C-2044", "Spare parts pricing model", Decimal("38500.00"), "converted"),
    Deal("OPP-2043", "C-2046", "Operations handbook", Decimal("61200.00"), "converted"),
    Deal("OPP-2044", "C-2045", "Roster planning study", Decimal("27800.00"), "opportunity"),
    Deal("OPP-2045", "C-2042", "Customs desk automation", Decimal("54000.00"), "lead"),
    Deal("OPP-2046", "C-2043", "Procurement training", Decimal("12400.00"), "lost"),
)
PROJECTS = (
    Project(
        "VD-031 Dike inspection data model",
        "C-2041",
        (Task("Data analysis", Decimal("118.50"), 120), Task("Review", Decimal("142.00"), 40)),
    ),
    Project(
        "VD-032 Terminal slot planning",
        "C-2042",
        (Task("Process design", Decimal("126.00"), 160), Task("Training", Decimal("98.50"), 60)),
    ),
    Project(
        "VD-033 Purchase-to-pay redesign",
        "C-2043",
        (Task("Workshops", Decimal("135.75"), 80), Task("Blueprint", Decimal("131.25"), 120)),
    ),
    Project(
        "VD-034 Aftersales cost baseline",
        "C-2044",
        (Task("Modelling", Decimal("129.90"), 140),),
    ),
    Project("VD-000 Internal: method and quality", None, (Task("Knowledge base", None, 60),)),
)
_NOTES = (
    "Interviews and notes",
    "Working session with the client's team",
    "Draft for review",
    "Figures checked against last year",
    "Changes after the review",
    "Preparation of the steering group",
)
# Who works where; the last project is what is left of each week.
_STAFFING = {
    "E-01": (0, 1),
    "E-02": (0,),
    "E-03": (1,),
    "E-04": (1, 3),
    "E-05": (2,),
    "E-06": (2, 0),
    "E-07": (2,),
    "E-08": (3,),
}


def previous_month(as_of: dt.date) -> dt.date:
    """The first day of the calendar month before `as_of`."""
    return (as_of.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def lines(month: dt.date) -> list[Line]:
    """Every time-sheet row of the month, one a working day and person."""
    chance = random.Random(f"advisory:{month:%Y-%m}")
    found = []
    day = month
    while day.month == month.month:
        if day.weekday() < 5:
            found += [_line(chance, code, day) for code, _ in EMPLOYEES]
        day += dt.timedelta(days=1)
    return [line for line in found if line.minutes]


def _line(chance: random.Random, employee: str, day: dt.date) -> Line:
    internal = day.weekday() == 4 and chance.random() < 0.4
    project = PROJECTS[-1] if internal else PROJECTS[chance.choice(_STAFFING[employee])]
    task = chance.choice(project.tasks)
    # A tenth of the days are holidays or training; the others have five to nine hours.
    minutes = 0 if chance.random() < 0.1 else 15 * chance.randint(20, 36)
    return Line(employee, project.name, task.name, day, minutes, chance.choice(_NOTES))


@dataclass(frozen=True)
class Worth:
    """What one project's month is worth."""

    hours: Decimal
    amount: Decimal
    rows: int


def expected(month: dt.date) -> dict[str, Worth]:
    """Per project name: hours, money and rows to be invoiced; internal work is left out."""
    prices = {(p.name, task.name): task.price for p in PROJECTS for task in p.tasks}
    worth: dict[str, Worth] = {}
    for line in lines(month):
        price = prices[line.project, line.task]
        if price is None:
            continue
        hours = Decimal(line.minutes) / 60
        amount = (hours * price).quantize(CENT, ROUND_HALF_EVEN)
        sofar = worth.get(line.project, Worth(Decimal(0), Decimal(0), 0))
        worth[line.project] = Worth(sofar.hours + hours, sofar.amount + amount, sofar.rows + 1)
    return worth
