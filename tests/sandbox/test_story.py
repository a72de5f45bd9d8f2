"""The story is the same everywhere, fits the systems, and its control totals are right."""

import datetime as dt
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from syncjobs.sandbox.client import SandboxClient, SandboxError
from syncjobs.sandbox.server import SandboxServer
from syncjobs.sandbox.story import FIRMS, Firm, build, expect, feed, office, story_month
from syncjobs.sandbox.story.expected import NEXT, NOW, OPEN, REFUSED
from syncjobs.sandbox.story.feed import feed_erp
from syncjobs.sandbox.story.month import Month

OCTOBER = dt.date(2026, 10, 1)
CENT = Decimal("0.01")
Systems = tuple[SandboxClient, SandboxClient, SandboxClient]
FIRM_LIST = list(FIRMS.values())


@pytest.fixture
def systems(crm: SandboxClient, psa: SandboxClient, erp: SandboxClient) -> Systems:
    return crm, psa, erp


@pytest.mark.parametrize("firm", FIRM_LIST, ids=lambda firm: firm.slug)
def test_the_same_month_is_told_the_same_way(firm: Firm) -> None:
    assert build(firm, OCTOBER) == build(firm, OCTOBER)
    numbers = [entry.number for entry in build(firm, OCTOBER).entries]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("firm", FIRM_LIST, ids=lambda firm: firm.slug)
@pytest.mark.parametrize("month", [1, 2, 5, 8, 12])
def test_every_month_of_a_year_can_be_told(firm: Firm, month: int) -> None:
    first = dt.date(2026, month, 1)
    told = build(firm, first)

    assert {entry.date.replace(day=1) for entry in told.entries} == {first}
    assert len(told.people) == firm.headcount == len({one.email for one in told.people})


@pytest.mark.parametrize("firm", FIRM_LIST, ids=lambda firm: firm.slug)
def test_a_month_holds_each_kind_of_trouble(firm: Firm) -> None:
    told = build(firm, OCTOBER)
    totals = expect(told)

    assert totals.time(NOW).rows > 100
    assert totals.time(NEXT).rows == firm.late_entries
    assert totals.time(OPEN).rows == firm.open_entries
    assert totals.milestones(held=True).rows == 1
    assert totals.milestones(held=False).rows >= 1
    assert any(not entry.billable for entry in told.entries)


def test_the_consulting_firm_has_300_people_and_work_that_the_erp_refuses() -> None:
    totals = expect(build(FIRMS["ashdown-mercer"], OCTOBER))

    assert FIRMS["ashdown-mercer"].headcount == 300
    assert totals.time(REFUSED).rows > 0
    assert totals.held_projects == ("AM-2241",)


@pytest.mark.parametrize("firm", FIRM_LIST, ids=lambda firm: firm.slug)
def test_control_totals_follow_from_what_the_psa_shows(systems: Systems, firm: Firm) -> None:
    """Recomputed from the vendor's own JSON, with nothing of the story's code but its cut-off."""
    told = build(firm, OCTOBER)
    feed(*systems, told)
    found: dict[str, Decimal] = defaultdict(Decimal)
    ended = {
        one["number"].replace("CT", firm.engagements[0].code.partition("-")[0]): one["endDate"]
        for one in systems[2].pages("contracts")
    }

    for row in systems[1].pages("timeEntries"):
        amount = (Decimal(row["Hours"]) * Decimal(row["Rate"])).quantize(CENT, ROUND_HALF_UP)
        if row["Billable"]:
            found[_outcome(told, row, ended.get(row["ProjectCode"], ""))] += amount

    totals = expect(told)
    assert found == {
        key: totals.time(key).amount for key in (NOW, NEXT, REFUSED, OPEN) if totals.time(key).rows
    }


def _outcome(told: Month, row: dict[str, str], contract_end: str) -> str:
    if not row.get("ApprovedAt"):
        return OPEN
    if row["WorkDate"] > contract_end:
        return REFUSED
    zone = {one.name: one.zone for one in told.firm.entities}[row["Entity"]]
    closing = dt.datetime(2026, 11, 3, 18, 0, tzinfo=ZoneInfo(zone))
    return NEXT if dt.datetime.fromisoformat(row["ApprovedAt"]) > closing else NOW


def test_the_cut_off_is_met_in_each_entitys_own_zone() -> None:
    told = build(FIRMS["brightwater"], OCTOBER)
    east, west = told.firm.entities

    assert told.closing(west) - told.closing(east) == dt.timedelta(hours=3)
    exactly = [e for e in told.entries if e.approved_at == told.closing(e.person.entity)]
    assert len(exactly) == 1
    assert expect(told).time(NEXT).rows == told.firm.late_entries


@pytest.mark.parametrize("firm", FIRM_LIST, ids=lambda firm: firm.slug)
def test_a_second_feed_adds_nothing(systems: Systems, firm: Firm) -> None:
    told = build(firm, OCTOBER)

    assert feed(*systems, told) > 200
    assert feed(*systems, told) == 0


def test_amounts_fall_on_half_cents_so_that_rounding_matters() -> None:
    told = build(FIRMS["ashdown-mercer"], OCTOBER)
    exact = [entry.hours * entry.rate for entry in told.entries if entry.billable]

    assert any((amount * 1000) % 10 == 5 for amount in exact)


@pytest.mark.parametrize(
    ("as_of", "first"),
    [
        (dt.date(2026, 11, 21), dt.date(2026, 10, 1)),
        (dt.date(2026, 11, 8), dt.date(2026, 10, 1)),
        (dt.date(2026, 11, 7), dt.date(2026, 9, 1)),
        (dt.date(2026, 1, 15), dt.date(2025, 12, 1)),
    ],
)
def test_a_month_is_told_when_its_approvals_are_in(as_of: dt.date, first: dt.date) -> None:
    assert story_month(as_of) == first


def test_the_firms_own_people_can_mend_what_is_missing(erp: SandboxClient) -> None:
    told = build(FIRMS["ashdown-mercer"], OCTOBER)
    feed_erp(erp, told)
    swiss = {"number": "AM-1071", "name": "Rhône Précision", "currency": "GBP"}
    erp.call("POST", "/erp/v1/customers", {**swiss, "address": {"countryCode": "CH"}})

    assert office.set_missing_tax(erp, told) == ["AM-1071"]
    assert office.set_missing_tax(erp, told) == []
    assert office.sign_amendments(erp, told) == ["CT-2233"]
    contract = next(one for one in erp.pages("contracts") if one["number"] == "CT-2233")
    assert contract["amendmentRequired"] is False


def test_finance_posts_this_months_drafts_only(erp: SandboxClient) -> None:
    told = build(FIRMS["calder"], OCTOBER)
    feed_erp(erp, told)
    line = {"description": "Work", "quantity": "1", "unitPrice": "100", "lineAmount": "100"}
    for period in ("2026-10", "2026-11"):
        reference = f"CAL-7701:{period}"
        head = {"externalReference": reference, "customerNumber": "CAL-310", "currency": "EUR"}
        erp.call("POST", "/erp/v1/invoices", {**head, "period": period})
        erp.call("POST", "/erp/v1/invoiceLines", {**line, "invoiceReference": reference})

    numbers = office.post_drafts(erp, told)

    assert numbers == ["INV-2026-00001"]
    assert office.receive_payments(erp, numbers, told) == Decimal("123.00")
    assert office.post_drafts(erp, told) == []
    states = {one["period"]: one["status"] for one in erp.pages("invoices")}
    assert states == {"2026-10": "paid", "2026-11": "draft"}


def test_work_after_the_contracts_end_is_refused_by_the_erp(erp: SandboxClient) -> None:
    told = build(FIRMS["ashdown-mercer"], OCTOBER)
    feed_erp(erp, told)
    head = {"externalReference": "x", "customerNumber": "AM-1052", "contractNumber": "CT-2229"}
    erp.call("POST", "/erp/v1/invoices", {**head, "currency": "GBP"})
    line = {"description": "Work", "quantity": "1", "unitPrice": "100", "lineAmount": "100"}

    with pytest.raises(SandboxError) as caught:
        erp.call(
            "POST",
            "/erp/v1/invoiceLines",
            {**line, "invoiceReference": "x", "workDate": "2026-10-30"},
        )

    assert caught.value.body["error"]["code"] == "WorkDateOutsideContract"


def test_a_server_without_a_file_forgets() -> None:
    with SandboxServer("crm") as server:
        first = SandboxClient("crm", server.address, server.token)
        first.bulk("accounts", [{"number": "A", "name": "x", "currency": "GBP"}])
        first.close()
    with SandboxServer("crm") as server:
        second = SandboxClient("crm", server.address, server.token)
        assert list(second.pages("accounts")) == []
        second.close()
