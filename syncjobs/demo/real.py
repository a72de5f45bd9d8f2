"""A client whose systems are real servers: one for CRM and projects, another for accounting."""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from syncjobs.demo.clients import OfficeWork
from syncjobs.demo.money import ZERO, Audit, ByProject, Control
from syncjobs.demo.wiring import Endpoint
from syncjobs.sandbox.tryton import finance, story
from syncjobs.sandbox.tryton.daemon import ServerError, running_pid
from syncjobs.sandbox.tryton.seed import open_rest
from syncjobs.sandbox.tryton.wire import Rest

SLUG = "vermeer-duyn"
SOURCE_NAME, ERP_NAME = "Tryton projects", "Tryton accounting"
_TOLD = re.compile(r"Invoiced ([\d.]+) \w+, paid ([\d.]+)")
_CUT_OFF: Mapping[str, object] = {
    "day": 3,
    "time": "18:00",
    "zone": "Europe/Amsterdam",
    "version": "1",
}
# Tryton has no contracts: a customer in accounting is what billing needs.
_BILLABLE: list[Mapping[str, object]] = [
    {
        "name": "billable_project",
        "label": "Project that can be billed",
        "require": [
            {
                "path": "customer",
                "op": "exists_in",
                "role": "erp",
                "missing": "customer in accounting for invoice {key}",
            }
        ],
        "message": "Time is billed to a customer that accounting knows.",
        "alert": "finance",
    }
]


@dataclass
class RealFirm:
    """See `ClientSystems`. `facts` by role: source, erp."""

    facts: Mapping[str, Mapping[str, Any]]
    home: Path
    month: dt.date
    slug: str = SLUG
    name: str = story.FIRM.name
    currency: str = story.FIRM.currency
    zone: str = "Europe/Amsterdam"
    blueprints: tuple[str, ...] = (
        "customer_master",
        "opportunity_to_project",
        "time_to_billing",
        "invoice_status",
    )

    @property
    def overrides(self) -> Mapping[str, Mapping[str, object]]:
        """See `ClientSystems`."""
        return {"time_to_billing": {"cut_off": _CUT_OFF, "billable": _BILLABLE}}

    @property
    def new_records(self) -> int:
        """See `ClientSystems`."""
        return int(self.facts["source"]["new_records"])

    def endpoints(self) -> dict[str, Endpoint]:
        """See `ClientSystems`. CRM and PSA are one server."""
        source = _endpoint(SOURCE_NAME, self.facts["source"])
        return {"crm": source, "psa": source, "erp": _endpoint(ERP_NAME, self.facts["erp"])}

    def require_alive(self) -> None:
        """See `ClientSystems`."""
        for role in self.facts:
            if running_pid(self.home / role) is None:
                log = self.home / role / "server.log"
                raise ServerError(f"The {role} server has ended; {log} says why. Start it again.")

    def do_office_work(self) -> OfficeWork:
        """See `ClientSystems`."""
        following = (self.month + dt.timedelta(days=31)).replace(day=1)
        issued, received = following.replace(day=5), following.replace(day=7)
        posted = finance.post_drafts(self.facts["erp"], self.month, issued)
        paid = finance.receive_payments(self.facts["erp"], self.home / "erp", posted, received)
        return OfficeWork(len(posted), paid)

    def refuse_everything(self) -> None:
        """Real servers are left alone: a full month is told on sandbox systems."""
        raise NotImplementedError

    def answer_again(self) -> None:
        """As `refuse_everything`."""
        raise NotImplementedError

    def audit(self) -> Audit:
        """See `ClientSystems`."""
        source, erp = open_rest(self.facts["source"]), open_rest(self.facts["erp"])
        worked = _worked(source)
        posted, paid = _posted(erp)
        lines, faults = _lines(erp)
        told, told_paid = _told(source)
        if self.new_records and worked != _expected(self.month):
            faults.append("the source holds other amounts than told")
        controls = [
            Control("Time", "time_entry", worked, lines),
            Control("Invoiced, told to the projects", "invoice", posted, told),
            Control("Paid, told to the projects", "payment", paid, told_paid),
        ]
        return Audit(self.currency, controls, faults)


def _endpoint(name: str, facts: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        connector="tryton",
        name=name,
        config={
            "base_url": str(facts["base"]),
            "database": str(facts["database"]),
            "company": str(facts["company"]),
            "party_prefix": "C-",
        },
        secret={"api_key": str(facts["api_key"])},
    )


def _code(name: str) -> str:
    """A project's name begins with its code."""
    return name.partition(" ")[0]


def _worked(source: Rest) -> ByProject:
    """Hours × price of every time-sheet row, rounded as Tryton rounds."""
    works = {
        row["id"]: row
        for row in source.find("project.work", (), ("parent.name", "name", "list_price"))
    }
    worked: ByProject = defaultdict(Decimal)
    for row in source.find("timesheet.line", (), ("duration", "work.origin")):
        task = works[int(row["work"]["origin"].partition(",")[2])]
        if task["list_price"] is not None:
            hours = Decimal(str(row["duration"].total_seconds())) / 3600
            project = (task["parent"] or task)["name"]
            worked[_code(project)] += (hours * task["list_price"]).quantize(
                story.CENT, ROUND_HALF_EVEN
            )
    return dict(worked)


def _expected(month: dt.date) -> ByProject:
    return {_code(name): one.amount for name, one in story.expected(month).items()}


def _lines(erp: Rest) -> tuple[ByProject, list[str]]:
    """Invoice lines by project (as the ERP computed them), and lines that are there twice."""
    found: ByProject = defaultdict(Decimal)
    notes: Counter[str] = Counter()
    domain = [["invoice.type", "=", "out"], ["type", "=", "line"]]
    for row in erp.find("account.invoice.line", domain, ("amount", "note", "invoice.reference")):
        found[str(row["invoice"]["reference"]).partition(":")[0]] += row["amount"]
        notes[str(row["note"])] += 1
    doubled = [f"{note} is {times} times in the ERP" for note, times in notes.items() if times > 1]
    return dict(found), doubled


def _posted(erp: Rest) -> tuple[ByProject, ByProject]:
    posted: ByProject = defaultdict(Decimal)
    paid: ByProject = defaultdict(Decimal)
    domain = [["type", "=", "out"], ["state", "in", ["posted", "paid"]]]
    for row in erp.find("account.invoice", domain, ("reference", "total_amount", "amount_to_pay")):
        code = str(row["reference"]).partition(":")[0]
        posted[code] += row["total_amount"]
        paid[code] += row["total_amount"] - row["amount_to_pay"]
    return dict(posted), dict(paid)


def _told(source: Rest) -> tuple[ByProject, ByProject]:
    told: ByProject = {}
    paid: ByProject = {}
    domain = [["type", "=", "project"]]
    for row in source.find("project.work", domain, ("name", "comment")):
        said = _TOLD.match(row["comment"] or "")
        if said:
            told[_code(row["name"])] = Decimal(said[1])
            paid[_code(row["name"])] = Decimal(said[2]) or ZERO
    return told, paid
