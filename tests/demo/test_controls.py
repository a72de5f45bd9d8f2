"""The controls hold for work that is right, and find each way in which it can be wrong."""

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from syncjobs.demo.controls import audit_sandbox
from syncjobs.demo.money import Audit, total
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import SandboxServer
from syncjobs.sandbox.story import FIRMS, Month, build, expect, feed, office
from tests.demo.bookkeeper import Bookkeeper

KINDS = ("crm", "psa", "erp")
OCTOBER = dt.date(2026, 10, 1)


@dataclass
class Firm:
    """A firm's systems with the month billed."""

    month: Month
    crm: SandboxClient
    psa: SandboxClient
    erp: SandboxClient

    def keeper(self) -> Bookkeeper:
        """Who bills."""
        return Bookkeeper(self.month, self.crm, self.psa, self.erp)

    def audit(self) -> Audit:
        """Look again."""
        return audit_sandbox(self.month, self.crm, self.psa, self.erp)

    def wrong(self) -> list[str]:
        """Names of the controls that do not hold, and the faults."""
        found = self.audit()
        return [one.name for one in found.controls if not one.holds] + found.faults


@contextmanager
def _opened(month: Month, folder: Path) -> Iterator[Firm]:
    """A firm's systems with what they keep in this folder."""
    with ExitStack() as stack:
        clients = []
        for kind in KINDS:
            server = stack.enter_context(SandboxServer(kind, state=folder / kind))
            clients.append(SandboxClient(kind, server.address, server.token))
            stack.callback(clients[-1].close)
        crm, psa, erp = clients
        yield Firm(month, crm, psa, erp)


@pytest.fixture(scope="module", params=["calder", "brightwater"])
def billed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Month, Path]:
    """A month, and the folder of the systems in which all of it was billed once."""
    month, folder = build(FIRMS[request.param], OCTOBER), tmp_path_factory.mktemp("billed")
    with _opened(month, folder) as firm:
        feed(firm.crm, firm.psa, firm.erp, month)
        firm.keeper().introduce_everybody()
        firm.keeper().bill_everything()
    return month, folder


@pytest.fixture
def firm(billed: tuple[Month, Path], tmp_path: Path) -> Iterator[Firm]:
    """A copy of it for each test."""
    month, folder = billed
    shutil.copytree(folder, tmp_path / "firm")
    with _opened(month, tmp_path / "firm") as opened:
        yield opened


def test_what_was_billed_rightly_holds_to_the_cent(firm: Firm) -> None:
    audit = firm.audit()

    assert audit.holds
    money = {one.name: total(one.target) for one in audit.controls}
    assert money["Time, this cycle"] == expect(firm.month).time("this cycle").amount
    assert money["Time, next cycle"] == expect(firm.month).time("next cycle").amount
    assert money["Milestones"] == expect(firm.month).milestones(held=False).amount


def test_a_line_that_is_missing_is_found(firm: Firm) -> None:
    line = next(one for one in firm.erp.pages("invoiceLines") if one["kind"] == "time")
    firm.erp.call("DELETE", f"/erp/v1/invoiceLines/{line['id']}")

    wrong = firm.wrong()

    assert wrong[0] in ("Time, this cycle", "Time, next cycle")
    assert f"line {line['id']} was written and taken back" in wrong


def test_a_line_that_is_there_twice_is_found(firm: Firm) -> None:
    line = next(one for one in firm.erp.pages("invoiceLines") if one["kind"] == "milestone")
    names = ("invoiceReference", "externalReference", "kind", "description")
    again = {name: line[name] for name in (*names, "quantity", "unitPrice", "lineAmount")}
    firm.erp.call("POST", "/erp/v1/invoiceLines", again)

    assert firm.wrong() == ["Milestones", f"{line['externalReference']} is 2 times in the ERP"]


def test_time_in_the_wrong_cycle_is_found(firm: Firm) -> None:
    """The sum over both cycles is right, so only a control per cycle sees it."""
    entry = next(one for one in firm.psa.pages("timeEntries") if not one.get("ApprovedAt"))
    firm.psa.control("approve", numbers=[entry["Number"]], approvedAt="2026-11-20T10:00:00+00:00")
    amount = str((Decimal(entry["Hours"]) * Decimal(entry["Rate"])).quantize(Decimal("0.01")))
    period = firm.month.period
    firm.keeper().write_line(entry, period, "time", entry["Hours"], entry["Rate"], amount)

    assert firm.wrong() == ["Time, this cycle", "Time, next cycle"]


def test_a_contact_that_one_system_does_not_know_is_found(firm: Firm) -> None:
    one = next(one for one in firm.crm.pages("contacts") if one.get("firstName"))
    firm.crm.call("PATCH", f"/v2/contacts/{one['id']}", {"firstName": "Nobody"})

    wrong = f"is Nobody {one['lastName']} in the CRM and {one['name']} in the ERP"
    assert firm.wrong() == [f"contact {one['email']} {wrong}"]


def test_a_part_of_sold_work_that_its_project_lacks_is_found(firm: Firm) -> None:
    deal = next(one for one in firm.crm.pages("opportunities") if one.get("tasks"))
    code, currency = deal["projectCode"], deal["currency"]
    firm.psa.bulk("projects", [{"Code": code, "Name": deal["name"], "Currency": currency}])
    for n, task in enumerate(deal["tasks"]):
        part = {"Number": f"{code}-{n}", "ProjectCode": code, "Name": task["name"]}
        firm.psa.bulk("tasks", [{**part, "PlannedHours": task["hours"]}])
    assert firm.wrong() == []

    task, name = next(iter(firm.psa.pages("tasks"))), deal["tasks"][0]["name"]
    firm.psa.call("PUT", f"/api/tasks/{task['Id']}", {"PlannedHours": "1.00"})

    assert firm.wrong() == [f"tasks {name} of project {code} is 0 times in the PSA"]


def test_a_milestone_that_should_be_held_is_found(firm: Firm) -> None:
    held = next(one for one in firm.psa.pages("milestones") if one["AmendmentRequired"])
    amount = held["Amount"]
    firm.keeper().write_line(held, firm.month.period, "milestone", "1", amount, amount)

    assert firm.wrong() == ["Milestones"]
    office.sign_amendments(firm.erp, firm.month)
    assert firm.wrong() == []


def test_posted_money_that_nobody_was_told_of_is_found(firm: Firm) -> None:
    numbers = office.post_drafts(firm.erp, firm.month)
    office.receive_payments(firm.erp, numbers, firm.month)
    assert firm.wrong() == [
        "Invoiced, told to the CRM",
        "Invoiced, told to the PSA",
        "Paid, told to the CRM",
        "Paid, told to the PSA",
    ]

    firm.keeper().tell_everybody()

    assert firm.wrong() == []


def test_a_cent_too_much_in_the_crm_is_found(firm: Firm) -> None:
    office.post_drafts(firm.erp, firm.month)
    firm.keeper().tell_everybody()
    told = next(one for one in firm.crm.pages("opportunities") if one.get("invoicedAmount"))
    more = str(Decimal(told["invoicedAmount"]) + Decimal("0.01"))
    firm.crm.call("PATCH", f"/v2/opportunities/{told['id']}", {"invoicedAmount": more})

    audit = firm.audit()

    (control,) = [one for one in audit.controls if not one.holds]
    assert control.differences == {told["projectCode"]: Decimal("0.01")}
