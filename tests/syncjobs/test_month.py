"""A firm's month through the sandbox systems, against the story's own control totals."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from branding.models import UsageDay
from syncjobs.engine.drain import Drained, drain_until_idle
from syncjobs.models import CanonicalRecord, Delivery, Hold, Issue, Run
from syncjobs.sandbox.story import FIRMS, Expected, Month, build, expect, feed, story_month
from syncjobs.sandbox.story.office import (
    post_drafts,
    receive_payments,
    set_missing_tax,
    sign_amendments,
)
from tenants.accounts.models import Client
from tests.syncjobs.sandboxes import CORE_BLUEPRINTS, Systems3, three_systems

TODAY = dt.date(2026, 11, 21)
Sums = dict[tuple[str, str, str], Decimal]


@dataclass
class Story:
    """A firm's systems with its month in them, and what must come out."""

    month: Month
    expected: Expected
    systems: Systems3

    def work(self) -> Drained:
        """Read everything now and deliver what is due."""
        self.systems.poll_soon()
        return drain_until_idle(patience=3.0)

    def lines(self) -> Sums:
        """Sum the ERP's invoice lines by project, kind and period of the invoice."""
        periods = {one["id"]: one["period"] for one in self.systems.erp.pages("invoices")}
        sums: Sums = defaultdict(Decimal)
        for line in self.systems.erp.pages("invoiceLines"):
            place = (line["projectCode"], line["kind"], periods[line["invoiceId"]])
            sums[place] += Decimal(line["lineAmount"])
        return sums

    def effects(self) -> int:
        """Count what the integration has changed in the three systems."""
        systems = self.systems.clients.values()
        return sum(entry["origin"] == "api" for one in systems for entry in one.ledger()["entries"])


def _story(alder: Client, slug: str) -> Iterator[Story]:
    month = build(FIRMS[slug], story_month(TODAY))
    cut_off = month.firm.cut_off
    with three_systems(alder, CORE_BLUEPRINTS, {"cut_off": cut_off}) as systems:
        feed(systems.crm, systems.psa, systems.erp, month)
        yield Story(month, expect(month), systems)


@pytest.fixture
def story(alder: Client, at_work: None) -> Iterator[Story]:
    """The story of a firm with everything in it."""
    yield from _story(alder, "ashdown-mercer")


def _expected_lines(story: Story) -> Sums:
    expected = story.expected
    sums: Sums = defaultdict(Decimal)
    for project, totals in expected.projects.items():
        sums[project, "time", expected.period] += totals.time["this cycle"].amount
        sums[project, "time", expected.next_period] += totals.time["next cycle"].amount
    return {place: amount for place, amount in sums.items() if amount}


def _time_of(sums: Sums) -> Sums:
    return {place: amount for place, amount in sums.items() if place[1] == "time"}


def test_a_month_is_billed_to_the_cent_and_what_is_missing_is_named(story: Story) -> None:
    done = story.work()
    assert done.errors == []
    assert done.read > 800

    # Money: per project and billing cycle, late approvals in the next one.
    assert _time_of(story.lines()) == _expected_lines(story)
    assert sum(story.lines().values()) == story.expected.delivered

    # Holds name what is missing.
    held = set(Hold.objects.filter(released_at=None).values_list("gate", "missing"))
    gates = sorted(gate for gate, _ in held)
    assert gates == ["activation", "amendment"]
    assert any("tax setting of customer" in missing for _, missing in held)
    assert any("signed amendment of contract" in missing for _, missing in held)
    held_projects = set(
        Delivery.objects.filter(step="activate", state="held").values_list("record__key", flat=True)
    )
    assert held_projects == set(story.expected.held_projects)

    # The ERP's own refusal is one exception with its count, nothing else is one.
    kinds = dict(Issue.objects.filter(state="open").values_list("kind", "count"))
    refused = story.expected.time("refused").rows
    assert kinds == {"missing_prerequisite": 1, "rejected_by_target": refused}
    assert Issue.objects.filter(kind="missing_prerequisite", state="open").count() == 2

    # Every delivery is delivered, held, waiting for a held one, or explained.
    left = Delivery.objects.exclude(state__in=["delivered", "unchanged"])
    assert set(left.values_list("state", flat=True)) == {"held", "waiting", "failed"}
    assert left.filter(state="failed").count() == refused
    assert UsageDay.objects.exists()

    # Nothing new the second time.
    before = story.effects()
    again = story.work()
    assert (again.deliveries, story.effects()) == (0, before)
    assert not Run.objects.filter(state="running").exists()


def test_holds_let_go_when_finance_acts_and_status_comes_back(story: Story) -> None:
    story.work()
    set_missing_tax(story.systems.erp, story.month)
    sign_amendments(story.systems.erp, story.month)
    story.work()

    assert not Hold.objects.filter(released_at=None).exists()
    assert not Issue.objects.filter(state="open", kind="missing_prerequisite").exists()
    projects = {one["Code"]: one for one in story.systems.psa.pages("projects")}
    for code in story.expected.new_projects:
        assert projects[code]["Status"] == "Active"
    both = story.expected.milestones(held=True).amount + story.expected.delivered
    assert sum(story.lines().values()) == both

    posted = post_drafts(story.systems.erp, story.month)
    receive_payments(story.systems.erp, posted, story.month)
    story.work()
    _check_status_back(story)
    before = story.effects()
    story.work()
    assert story.effects() == before


def _check_status_back(story: Story) -> None:
    """CRM and PSA show what the ERP has invoiced and received for each project."""
    invoiced: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in story.systems.erp.pages("invoices"):
        if invoice["status"] in ("posted", "paid"):
            invoiced[invoice["projectCode"]] += Decimal(invoice["totalAmount"])
            paid[invoice["projectCode"]] += Decimal(invoice["paidAmount"])
    assert invoiced
    assert sum(paid.values()) > 0
    for project in story.systems.psa.pages("projects"):
        code = project["Code"]
        assert Decimal(project.get("InvoicedAmount") or 0) == invoiced.get(code, 0), code
        assert Decimal(project.get("PaidAmount") or 0) == paid.get(code, 0), code
    for deal in story.systems.crm.pages("opportunities"):
        if deal["stage"] == "won":
            code = deal["projectCode"]
            assert Decimal(deal.get("invoicedAmount") or 0) == invoiced.get(code, 0), code


def test_a_firm_with_two_entities_cuts_off_in_the_zone_of_each(
    alder: Client, at_work: None
) -> None:
    for story in _story(alder, "brightwater"):
        assert story.expected.time("next cycle").rows
        story.work()
        assert _time_of(story.lines()) == _expected_lines(story)


def test_a_corrected_time_entry_corrects_its_line_while_the_invoice_is_a_draft(
    story: Story,
) -> None:
    story.work()
    entry = CanonicalRecord.objects.filter(
        type="time_entry", data__status="approved", data__billable=True
    ).first()
    assert entry is not None
    rate = Decimal(entry.data["rate"])
    hours = Decimal(entry.data["hours"]) + 1
    ref = entry.refs.get(object="timeEntries")
    story.systems.psa.call("PUT", f"/api/timeEntries/{ref.external_id}", {"Hours": str(hours)})
    before = sum(story.lines().values())
    story.work()
    lines = [
        one for one in story.systems.erp.pages("invoiceLines")
        if one["externalReference"] == entry.key
    ]  # fmt: skip
    assert len(lines) == 1
    assert Decimal(lines[0]["quantity"]) == hours
    assert abs(sum(story.lines().values()) - before - rate) <= Decimal("0.01")
