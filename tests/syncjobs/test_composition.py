"""Why an invoice comes to what it comes to: from its total to the approved work, and back."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client as Browser

from syncjobs.indicators.composition import composition, invoices_of
from syncjobs.models import CanonicalRecord, Connection, Delivery, Workflow
from tenants.accounts.models import Client
from tests.actors import ALICE
from tests.at_home import page_url
from tests.syncjobs.billed import bill, billed_hours, deliver

Browse = Callable[..., Browser]


@pytest.fixture
def invoice(alder: Client) -> CanonicalRecord:
    """An invoice of 480.60 over two entries written behind its heading; a third waits."""
    _, workflow, erp = billed_hours(alder, [])
    record = CanonicalRecord.objects.create(
        client=alder,
        type="invoice",
        key="P-1:2026-10",
        version=1,
        data={"project": "P-1", "currency": "EUR", "total": "480.60", "external_number": "INV-7"},
    )
    heading = deliver(record, workflow, erp)
    cause = bill(alder, workflow, erp, "T-0", "0", "EUR")
    Delivery.objects.filter(pk=heading.pk).update(origin=cause)
    for key, hours, state in (
        ("T-2", "1.5", "delivered"),
        ("T-1", "2.505", "delivered"),
        ("T-3", "8", "failed"),
    ):
        _line(alder, workflow, erp, key, hours, state, heading)
    bill(alder, workflow, erp, "T-OTHER", "40", "EUR")
    return record


def _line(
    client: Client,
    workflow: Workflow,
    erp: Connection,
    key: str,
    hours: str,
    state: str,
    heading: Delivery,
) -> None:
    record = bill(client, workflow, erp, key, hours, "EUR")
    Delivery.objects.filter(record=record).update(after=[heading.pk], state=state)


def test_its_lines_lead_to_its_total(invoice: CanonicalRecord) -> None:
    found = composition(invoice)
    assert [one.record.key for one in found.lines] == ["T-1", "T-2", "T-3"]
    assert (found.written, found.waiting) == (Decimal("400.5"), Decimal(800))
    assert (found.hours_written, found.hours_waiting) == (Decimal("4.005"), Decimal(8))
    assert (found.added, found.total) == (Decimal("80.1"), Decimal("480.60"))


def test_a_corrected_engagement_of_the_invoice_loses_no_line(invoice: CanonicalRecord) -> None:
    CanonicalRecord.objects.filter(type="time_entry").update(engagement="ENG-1")
    CanonicalRecord.objects.filter(pk=invoice.pk).update(engagement="ENG-2")
    invoice.refresh_from_db()
    assert len(composition(invoice).lines) == 3


def test_work_that_was_written_twice_counts_once(invoice: CanonicalRecord) -> None:
    record = CanonicalRecord.objects.get(key="T-1")
    line = record.deliveries.get()
    again = deliver(record, line.workflow, line.connection)
    Delivery.objects.filter(pk=again.pk).update(after=line.after)
    assert composition(invoice).written == Decimal("400.5")


def test_the_work_says_on_which_invoice_it_is(invoice: CanonicalRecord) -> None:
    work = CanonicalRecord.objects.get(key="T-1")
    assert invoices_of(work.deliveries.all()) == [invoice]
    other = CanonicalRecord.objects.get(key="T-OTHER")
    assert invoices_of(other.deliveries.all()) == []


def test_the_page_of_an_invoice_shows_the_way(browse: Browse, invoice: CanonicalRecord) -> None:
    work = CanonicalRecord.objects.get(key="T-2")
    page = browse(ALICE).get(page_url("record_detail", invoice.pk)).content.decode()
    for wanted in ("What it is made of", "T-1", "Not on it yet", "80.10", "480.60"):
        assert wanted in page, wanted
    page = browse(ALICE).get(page_url("record_detail", work.pk)).content.decode()
    assert "Invoiced on" in page
    assert "INV-7" in page


def test_an_invoice_is_found_by_the_number_printed_on_it(
    browse: Browse, invoice: CanonicalRecord
) -> None:
    visitor = browse(ALICE)
    page = visitor.get(page_url("record_list"), {"q": "inv-7"}).content.decode()
    assert invoice.key in page
    page = visitor.get(page_url("record_list"), {"q": "INV-8"}).content.decode()
    assert "No number, name or engagement has “INV-8” in it." in page
