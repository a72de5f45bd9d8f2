"""The connector on real Tryton servers, installed from their packages (`make test-real`)."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from syncjobs.connectors.base import Connector, Write, Written
from syncjobs.connectors.errors import Conflict, Rejected
from syncjobs.connectors.registry import connector
from syncjobs.sandbox.tryton.pair import start_pair, stop_pair

pytestmark = pytest.mark.systems


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, dict[str, Any]]]:
    """A source with the story's month in it, and an ERP. Kept for the next run."""
    directory = Path(settings.STATE_DIR) / "tryton-connector-tests"
    yield start_pair(directory)
    stop_pair(directory)


def _open(facts: dict[str, Any], **more: object) -> Connector:
    config = {"base_url": facts["base"], "database": facts["database"], **more}
    config["company"] = facts["company"]
    return connector("tryton").open(config, {"api_key": facts["api_key"]})


@pytest.fixture
def source(servers: dict[str, dict[str, Any]]) -> Iterator[Connector]:
    with _open(servers["source"], party_prefix="C-") as opened:
        yield opened


@pytest.fixture
def erp(servers: dict[str, dict[str, Any]]) -> Iterator[Connector]:
    with _open(servers["erp"]) as opened:
        yield opened


@pytest.fixture
def reference() -> str:
    """A natural key that no earlier run has used."""
    return f"T{time.time_ns()}"


def _party(erp: Connector, reference: str) -> Written:
    data = {
        "name": f"Client {reference}",
        "street": "1 Quay",
        "city": "Leeds",
        "email": "a@b.example",
    }
    return erp.write(Write("parties", "upsert", data, None, reference, "k"))


def _invoice(erp: Connector, reference: str) -> Written:
    data = {"party": _party(erp, reference).external_id, "currency": "EUR"}
    return erp.write(Write("invoices", "create", data, None, f"INV-{reference}", "k"))


def _line(erp: Connector, invoice: Written, reference: str, hours: str, rate: str) -> Written:
    data = {
        "invoice": invoice.external_id,
        "description": "Consulting",
        "quantity": Decimal(hours),
        "unit_price": Decimal(rate),
        "currency": "EUR",
    }
    return erp.write(Write("invoiceLines", "create", data, None, reference, "k"))


def test_every_check_passes(source: Connector, erp: Connector) -> None:
    for opened in (source, erp):
        assert [check for check in opened.check() if not check.ok] == []


@pytest.mark.parametrize("name", ["parties", "employees", "opportunities", "projects", "tasks",
                                  "timesheetLines"])  # fmt: skip
def test_each_object_is_read_in_small_pages_and_then_nothing_new(
    source: Connector, name: str
) -> None:
    pages = list(source.read(name, None, page_size=7))
    ids = [record.id for page in pages for record in page.records]
    assert ids
    assert len(ids) == len(set(ids))
    in_one_go = list(source.read(name, None, page_size=1000))
    assert sorted(ids) == sorted(record.id for page in in_one_go for record in page.records)
    assert [r for page in source.read(name, pages[-1].cursor) for r in page.records] == []


def test_a_time_entry_knows_its_project_its_person_and_its_rate(source: Connector) -> None:
    records = [record for page in source.read("timesheetLines", None) for record in page.records]
    for record in records:
        work = record.data["project_work"]
        assert work["number"]  # type: ignore[index]  # a dict
        assert record.data["duration"]["hours"] > 0  # type: ignore[index]  # a dict
        assert record.data["employee"]["party"]["code"]  # type: ignore[index]  # a dict
    assert any(record.data["project_work"]["parent"] for record in records)  # type: ignore[index]


def test_a_party_is_made_changed_and_found(erp: Connector, reference: str) -> None:
    made = _party(erp, reference)
    changed = erp.write(
        Write("parties", "upsert", {"street": "2 Quay", "email": "new@b.example"}, None, reference,
              "k2")
    )  # fmt: skip
    assert changed.external_id == made.external_id
    found = erp.look_up("parties", reference=reference, idempotency_key="k")
    assert found is not None
    addresses = found.answer["addresses"]
    assert [entry["street"] for entry in addresses] == ["2 Quay"]  # type: ignore[attr-defined]
    assert found.answer["email"] == "new@b.example"


def test_a_stale_write_is_refused(erp: Connector, reference: str) -> None:
    made = _party(erp, reference)
    update = ("parties", "update", {"name": "Other"}, made.external_id, reference, "k")
    changed = erp.write(Write(*update, version=made.version))
    with pytest.raises(Conflict):
        erp.write(Write(*update, version=made.version))
    assert erp.write(Write(*update, version=changed.version)).answer["name"] == "Other"


def test_a_second_party_with_the_code_is_a_conflict(erp: Connector, reference: str) -> None:
    _party(erp, reference)
    with pytest.raises(Conflict):
        erp.write(Write("parties", "create", {"name": "Again"}, None, reference, "k"))


def test_a_draft_invoice_takes_lines_and_adds_them_up(erp: Connector, reference: str) -> None:
    invoice = _invoice(erp, reference)
    first = _line(erp, invoice, f"{reference}-1", "7.25", "97.50")
    _line(erp, invoice, f"{reference}-2", "8", "145.00")
    assert first.answer["amount"] == "706.88"
    found = erp.look_up("invoiceLines", reference=f"{reference}-1", idempotency_key="")
    assert found is not None
    assert found.external_id == first.external_id
    total = erp.look_up("invoices", reference=f"INV-{reference}", idempotency_key="")
    assert total is not None
    assert (total.answer["state"], total.answer["untaxed_amount"]) == ("draft", "1866.88")


def test_a_posted_invoice_takes_no_more_lines(erp: Connector, reference: str) -> None:
    invoice = _invoice(erp, reference)
    _line(erp, invoice, f"{reference}-1", "1", "100.00")
    erp.write(
        Write("invoices", "action", {}, invoice.external_id, f"INV-{reference}", "k", action="post")
    )
    with pytest.raises(Rejected):
        _line(erp, invoice, f"{reference}-2", "1", "100.00")
    (changed,) = [
        record
        for page in erp.read("invoices", None)
        for record in page.records
        if record.id == invoice.external_id
    ]
    assert changed.data["state"] == "posted"
    assert changed.data["number"]


def test_a_project_and_its_task_are_made_from_an_opportunity(
    source: Connector, reference: str
) -> None:
    (party, *_) = [record for page in source.read("parties", None) for record in page.records]
    data = {"name": f"Project {reference}", "party": party.data["code"], "list_price": "140.00"}
    project = source.write(Write("projects", "upsert", data, None, reference, "k"))
    again = source.write(Write("projects", "upsert", {"name": "Renamed"}, None, reference, "k"))
    assert again.external_id == project.external_id
    task = {"name": "Build", "parent": project.external_id, "list_price": "150.00",
            "effort_duration": "40.5"}  # fmt: skip
    made = source.write(Write("tasks", "create", task, None, f"{reference}-task", "k"))
    assert made.answer["effort_duration"] == {"seconds": "145800", "hours": "40.5"}
    assert made.answer["parent"]["id"] == int(project.external_id)  # type: ignore[index]
