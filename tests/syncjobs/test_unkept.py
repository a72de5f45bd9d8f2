"""What the database cannot keep is set aside by name; the page that it came with goes on."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from syncjobs.connectors.base import LONGEST_ID, Page, SourceRecord
from syncjobs.intake.comparing import compare_stream
from syncjobs.intake.polling import read_from_start
from syncjobs.models import CanonicalRecord, InboundEvent, Issue, Run, Stream
from syncjobs.payloads import opened_inbound
from syncjobs.services.issues import retry_issue
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    PROJECT_IN,
    Lab,
    make_mapping,
    make_stream,
    publish_checks,
)

GOOD = {"no": "C-1", "name": "Good"}


def _serve(lab: Lab, *bad: SourceRecord) -> None:
    lab.source.put("customers", record("1", GOOD), *bad, record("3", {"no": "C-3", "name": "Too"}))


@pytest.mark.parametrize(
    ("value", "field", "says"),
    [
        ({"name": "a\x00b"}, "name", "name holds a character that cannot be kept"),
        ({"lines": [{"x": "\ud800"}]}, "lines.0.x", "lines.0.x holds a character"),
        # Without its code it is refused, and then kept as it came.
        ({"fee": Decimal("1E+200000"), "code": ""}, "fee", "fee is a number out of all proportion"),
        ({"a\x00": 1}, "a�", "The name of a field holds"),
    ],
)
def test_a_value_that_cannot_be_kept_is_set_aside_with_its_field_named(
    lab: Lab, value: dict[str, Any], field: str, says: str
) -> None:
    make_mapping("project-in", "inbound", "project", PROJECT_IN)
    stream = make_stream(lab.source_connection, "projects", "project", "project-in")
    lab.source.put(
        "projects",
        record("1", {"code": "P-1", "name": "Good"}),
        record("2", {"code": "P-2", "name": "Bad", **value}, version="1"),
        record("3", {"code": "P-3", "name": "Good"}),
    )
    lab.drain()

    assert sorted(CanonicalRecord.objects.values_list("key", flat=True)) == ["P-1", "P-3"]
    aside = InboundEvent.objects.get()
    assert (aside.state, aside.external_id) == ("set_aside", "2")
    issue = Issue.objects.get()
    assert (issue.kind, issue.detail["target"]) == ("intake_problem", field)
    told = issue.entries.get(kind="occurrence").text
    assert told.startswith("2: ")
    assert says in told
    run = Run.objects.get(stream=stream)
    assert (run.state, run.read, run.changed, run.refused) == ("partial", 3, 2, 1)
    assert Stream.objects.get(pk=stream.pk).cursor == {"at": "1"}


def test_it_is_taken_when_its_source_has_mended_it_and_not_before(lab: Lab) -> None:
    _serve(lab, record("2", {"no": "C-2", "name": "A\x00B"}))
    lab.drain()
    # Nothing of ours can mend it: what is kept is not what came.
    retry_issue(BUILDER, Issue.objects.get())
    publish_checks()
    lab.drain()
    assert not CanonicalRecord.objects.filter(key="C-2").exists()
    assert Issue.objects.get().state == "open"

    lab.put_customer("2", name="Mended")
    lab.drain()
    assert CanonicalRecord.objects.get(key="C-2").data["name"] == "Mended"
    assert Issue.objects.get().state == "resolved"


def test_two_ids_that_are_too_long_are_two_records_set_aside(lab: Lab) -> None:
    start = "9" * (LONGEST_ID + 10)
    _serve(lab, record(f"{start}a", {"no": "A"}), record(f"{start}b", {"no": "B"}))
    lab.drain()
    assert CanonicalRecord.objects.count() == 2
    kept = InboundEvent.objects.values_list("external_id", flat=True)
    assert len(kept) == 2
    assert all(len(one) == LONGEST_ID for one in kept)
    assert "The id has 211 characters" in Issue.objects.get().detail["reason"]


def test_what_only_the_database_sees_is_found_by_trying_parts_of_the_page(lab: Lab) -> None:
    """A number of a record that is longer than its column, after its mapping."""
    others = [record(str(n), {"no": f"C-{n}", "name": "Name"}) for n in range(10, 40)]
    bad = record("2", {"no": "9" * 300, "name": "Bad"})
    lab.source.put("customers", *others[:17], bad, *others[17:])
    lab.drain()
    assert CanonicalRecord.objects.count() == len(others)
    assert InboundEvent.objects.get().external_id == "2"
    assert "value too long" in Issue.objects.get().detail["reason"]


def test_comparing_sets_it_aside_as_well_and_does_not_miss_it(lab: Lab) -> None:
    _serve(lab, record("2", {"no": "C-2", "name": "A\x00B"}))
    lab.drain()
    Stream.objects.update(next_compare_at=timezone.now())
    assert compare_stream(lab.customers.pk, lab.systems(), stop=lambda: False) == 3
    assert not CanonicalRecord.objects.filter(deleted=True).exists()
    assert InboundEvent.objects.get().state == "set_aside"


def _nameless(lab: Lab, *rows: dict[str, Any]) -> None:
    """Serve a page with one good record, and rows that name no id."""
    unread = [SourceRecord("", "", None, row, problem="A row has no id (id).") for row in rows]
    served = Page((record("1", GOOD),), {"at": "1"}, last=True, unread=unread)
    lab.source.pages["customers"] = [served]


def test_rows_without_an_id_are_set_aside_and_their_page_goes_on(lab: Lab) -> None:
    _nameless(lab, {"no": "C-8"}, {"no": "C-9"})
    lab.drain()
    assert CanonicalRecord.objects.get().key == "C-1"
    aside = InboundEvent.objects.order_by("id")
    opened = [opened_inbound(json.dumps(one.payload), lab.client.pk) for one in aside]
    assert opened == [{"no": "C-8"}, {"no": "C-9"}]
    assert len({one.external_id for one in aside}) == 2
    issue = Issue.objects.get()
    assert (issue.kind, issue.count) == ("intake_problem", 2)
    assert issue.detail["reason"] == "A row has no id (id)."
    run = Run.objects.get(kind="intake")
    assert (run.state, run.read, run.changed, run.refused) == ("partial", 3, 1, 2)

    read_from_start(lab.source_connection.pk, "customers")
    lab.drain()
    assert InboundEvent.objects.count() == 2, "read again, they are the same"
    assert Issue.objects.get().count == 2


def test_comparing_asks_before_it_deletes_what_may_be_there_without_its_id(lab: Lab) -> None:
    lab.source.put(
        "customers", *[record(str(n), {"no": f"C-{n}", "name": "Name"}) for n in range(1, 31)]
    )
    lab.drain()
    kept = lab.source.pages["customers"][0].records[1:]
    unread = [SourceRecord("", "", None, {"no": "C-1"}, problem="A row has no id (id).")]
    lab.source.pages["customers"] = [Page(kept, {"at": "1"}, last=True, unread=unread)]
    Stream.objects.update(next_compare_at=timezone.now())
    compare_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    assert not CanonicalRecord.objects.filter(deleted=True).exists()
    doubt = Issue.objects.get(kind="deletions_in_doubt")
    assert "1 rows came without an id" in doubt.entries.get(kind="occurrence").text


def test_a_cursor_that_cannot_be_kept_ends_the_reading_and_is_told(lab: Lab) -> None:
    lab.source.pages["customers"] = [Page((record("1", GOOD),), {"at": "1"}, last=True)]
    lab.source.read = _with_cursor("\x00")  # type: ignore[method-assign]
    lab.drain()
    assert Issue.objects.get().kind == "reading_failed"
    assert Run.objects.get(kind="intake").state == "failed"
    assert not CanonicalRecord.objects.exists()


def _with_cursor(at: str) -> Callable[..., Any]:
    def read(*_: object, **__: object) -> Any:
        yield Page((record("1", GOOD),), {"at": at}, last=True)

    return read
