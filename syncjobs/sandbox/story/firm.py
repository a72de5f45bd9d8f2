"""What a firm is made of, as data. The firms themselves are in `firms/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Role:
    """A grade of people with its hourly prices."""

    name: str
    grade: str
    bill: Decimal
    cost: Decimal
    share: int  # how many of a hundred people


@dataclass(frozen=True)
class Entity:
    """A legal entity that bills, with the zone in which its cut-off is meant."""

    name: str
    office: str
    zone: str
    share: int  # how many of a hundred people


@dataclass(frozen=True)
class Customer:
    """A customer of the firm; `in_erp` customers were there before the integration."""

    number: str
    name: str
    legal_name: str
    domain: str
    street: str
    city: str
    postal_code: str
    country: str
    vat: str
    phone: str
    terms: str
    contact: tuple[str, str, str]  # first name, last name, title
    in_erp: bool = True


@dataclass(frozen=True)
class Milestone:
    """A fixed price on delivery; `day` of the month on which it was completed, 0 not yet."""

    name: str
    amount: Decimal
    day: int = 0
    amendment: str = ""  # the unsigned amendment that it hangs on


@dataclass(frozen=True)
class Engagement:
    """One piece of work, from the opportunity to the invoices.

    `state`: running (in every system), won (this month, in the CRM only), or the CRM's stage
    of something that is not won (qualified, proposal, lost). `ends`: the contract ended on
    this day of the month; work after it is refused by the ERP.
    """

    code: str
    customer: str
    name: str
    value: Decimal
    state: str = "running"
    fixed_price: bool = False
    team: int = 0
    tasks: tuple[str, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    ends: int = 0
    manager: str = ""

    @property
    def number(self) -> str:
        """The digits that every system's key of this engagement ends with."""
        return self.code.rpartition("-")[2]


@dataclass(frozen=True)
class Firm:
    """A client of the partner, as the outside world sees it."""

    slug: str
    name: str
    domain: str
    currency: str
    country: str
    zone: str
    headcount: int
    names: tuple[str, ...]  # keys of `names.FIRST` and `names.LAST`
    rhythm: str  # weekly, daily or shifts (weekly with overtime)
    roles: tuple[Role, ...]
    entities: tuple[Entity, ...]
    customers: tuple[Customer, ...]
    engagements: tuple[Engagement, ...]
    internal_tasks: tuple[str, ...]
    notes: tuple[str, ...]
    tax_codes: Mapping[str, tuple[str, str]]  # code → rate, description
    tax_rules: Mapping[str, str]  # country → code; a country without one has no tax setting
    cut_off_day: int = 3
    cut_off_time: str = "18:00"
    late_entries: int = 6
    open_entries: int = 8
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def cut_off(self) -> dict[str, object]:
        """The billing cut-off, in the shape that a workflow takes."""
        return {
            "day": self.cut_off_day,
            "time": self.cut_off_time,
            "zone": self.zone,
            "version": "1",
            "entities": {one.name: {"zone": one.zone} for one in self.entities},
        }
