"""Reading: the cursor moves with its page only, content decides, problems are told once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from mappings.models import Mapping, OwnershipRule
from syncjobs import crashpoints
from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.errors import Config, RateLimited, Transient
from syncjobs.engine.drain import drain
from syncjobs.intake import page, polling
from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    Event,
    InboundEvent,
    Issue,
    RecordVersion,
    Run,
    Stream,
)
from syncjobs.payloads import opened_source
from syncjobs.services.connections import read_again
from syncjobs.services.workflows import run_now
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    CUSTOMER_IN,
    PROJECT_IN,
    Lab,
    make_mapping,
    make_stream,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_a_page_commits_with_its_records_events_deliveries_and_cursor(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain(most=1)

    stored = CanonicalRecord.objects.get(key="C-1")
    assert (stored.version, stored.data["name"]) == (1, "Name 1")
    version = RecordVersion.objects.get(record=stored)
    sent = opened_source(version.source, stored.pk)
    assert sent == {"no": "C-1", "name": "Name 1"}
    assert version.mapping_version == Mapping.objects.get(slug="customer-in").live_id
    assert Event.objects.get().type == "customer.changed"
    assert Stream.objects.get(pk=lab.customers.pk).cursor == {"at": "1"}


def test_a_worker_that_breaks_before_the_commit_leaves_nothing_of_the_page(lab: Lab) -> None:
    lab.put_customer("1")
    crashpoints.arm("intake.before_commit:raise")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            lab.drain()
    finally:
        crashpoints.arm("")
    assert not CanonicalRecord.objects.exists()
    assert not Delivery.objects.exists()
    assert Stream.objects.get(pk=lab.customers.pk).cursor is None

    Stream.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    lab.drain()
    assert lab.target.created("C-1") == 1


def test_an_older_version_never_overwrites_a_newer_one(lab: Lab) -> None:
    lab.put_customer("1", NOON, name="Newer")
    lab.drain()
    lab.put_customer("1", NOON - timedelta(minutes=5), name="Older")
    lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "Newer"
    assert RecordVersion.objects.count() == 1


def test_what_goes_back_to_an_earlier_content_is_a_change(lab: Lab) -> None:
    """Of a source that keeps no time: its version is the content's."""
    for name in ("First", "Second", "First"):
        lab.source.put("customers", record("1", {"no": "C-1", "name": name}))
        lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "First"
    assert [one.data["name"] for one in lab.target.effects] == ["First", "Second", "First"]


def test_a_late_message_of_what_we_know_ends_nothing(lab: Lab) -> None:
    lab.put_customer("1", NOON)
    lab.drain()
    lab.put_customer("1", NOON + timedelta(minutes=5), name="")
    lab.put_customer("1", NOON)
    lab.drain()
    assert InboundEvent.objects.get().state == "set_aside"


def test_of_two_versions_in_one_page_the_last_counts(lab: Lab) -> None:
    lab.source.put(
        "customers",
        record("1", {"no": "C-1", "name": "First"}, at=NOON),
        record("1", {"no": "C-1", "name": "Last"}, at=NOON + timedelta(seconds=1)),
    )
    lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "Last"
    assert len(lab.target.effects) == 1


def test_our_own_write_coming_back_raises_nothing(lab: Lab) -> None:
    make_mapping("echo-in", "inbound", "customer", CUSTOMER_IN)
    make_stream(lab.target_connection, "things", "customer", "echo-in")
    lab.put_customer("1")
    lab.drain()
    written = lab.target.effects[0]
    lab.target.put("things", record(written.external_id, dict(written.data)))
    lab.drain()

    assert CanonicalRecord.objects.get(key="C-1").version == 1
    assert Event.objects.count() == 1
    assert len(lab.target.effects) == 1


def test_only_the_owner_of_a_field_changes_what_is_there(lab: Lab) -> None:
    OwnershipRule.objects.create(object="customer", field="name", owner="hr")
    lab.put_customer("1", NOON)
    lab.drain()
    lab.put_customer("1", NOON + timedelta(minutes=5), name="Renamed", tax="S1")
    lab.drain()
    stored = CanonicalRecord.objects.get()
    assert (stored.data["name"], stored.data["tax_code"]) == ("Name 1", "S1")

    OwnershipRule.objects.create(object="customer", field="name", owner="any", client=lab.client)
    lab.put_customer("1", NOON + timedelta(minutes=10), name="Renamed again", tax="S1")
    lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "Renamed again"


def test_a_deletion_in_the_source_is_a_soft_state(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    gone = SourceRecord("1", "gone", None, {"no": "C-1"}, deleted=True)
    lab.source.put("customers", gone)
    lab.drain()
    stored = CanonicalRecord.objects.get()
    assert stored.deleted
    assert stored.data["name"] == "Name 1"
    assert len(lab.target.effects) == 1


def test_an_empty_answer_deletes_nothing_and_is_explained(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.drain()
    assert not CanonicalRecord.objects.get().deleted
    run = Run.objects.filter(kind="intake").latest("id")
    assert (run.read, run.state) == (0, "succeeded")
    assert run.message.startswith("Nothing has changed since")


def test_quiet_readings_share_one_run(lab: Lab) -> None:
    for _ in range(4):
        lab.drain()
    run = Run.objects.get(kind="intake")
    assert run.detail["polls"] == 4
    assert run.message == "The source has no records of this kind." or "Nothing" in run.message


@pytest.mark.parametrize("error", [RuntimeError("broke"), Transient("down"), None])
def test_a_reader_that_was_overtaken_ends_nothing_of_the_one_who_has_the_stream(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    later = timezone.now() + timedelta(hours=1)

    def overtaken(reading: page.Reading, got: object) -> None:
        Stream.objects.filter(pk=reading.stream.pk).update(lease_no=99, lease_until=later)
        if error is not None:
            raise error

    monkeypatch.setattr(polling, "commit_page", overtaken)
    lab.put_customer("1")
    lab.drain()
    stream = Stream.objects.get(pk=lab.customers.pk)
    assert (stream.lease_until, stream.last_error, stream.last_run) == (later, "", None)
    # The other one ends what it finds open when it begins; since then this may be its own.
    assert Run.objects.get(stream=stream).state == "running"
    assert not Issue.objects.exists()


def test_two_records_of_one_system_with_one_number_are_a_duplicate(lab: Lab) -> None:
    lab.source.put(
        "customers",
        record("1", {"no": "C-1", "name": "One"}),
        record("7", {"no": "C-1", "name": "Same number"}),
    )
    lab.drain()
    assert CanonicalRecord.objects.get().data["name"] == "One"
    issue = Issue.objects.get()
    assert issue.kind == "duplicate_record"
    assert "C-1" in issue.title
    assert lab.target.created("C-1") == 1


def test_a_reading_with_refused_credentials_is_failed_not_green(lab: Lab) -> None:
    lab.source.fail_read = [Config("The token is not valid.", status=401)]
    lab.drain()
    run = Run.objects.get()
    assert (run.state, run.error_class) == ("failed", "config")
    assert Connection.objects.get(pk=lab.source_connection.pk).state == "refused"
    assert Issue.objects.get().kind == "credentials_refused"

    lab.put_customer("1")
    lab.drain()
    assert not CanonicalRecord.objects.exists(), "a refused connection is left alone"


def test_a_reading_that_fails_goes_on_from_its_last_page(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.source.fail_read = [Transient("Down.", status=503)]
    lab.put_customer("2")
    lab.drain()
    assert Run.objects.filter(kind="intake", state="failed").count() == 1
    lab.drain()
    assert Stream.objects.get(pk=lab.customers.pk).cursor == {"at": "2"}
    assert [lab.target.created("C-1"), lab.target.created("C-2")] == [1, 1]


def test_reading_everything_again_doubles_nothing(lab: Lab) -> None:
    for number in range(1, 6):
        lab.put_customer(str(number))
    lab.drain()
    read_again(BUILDER, lab.customers, reason="A test")
    lab.drain()
    assert len(lab.target.effects) == 5
    assert RecordVersion.objects.count() == 5


def test_a_record_that_others_name_has_a_place_until_it_comes(lab: Lab) -> None:
    make_mapping("project-in", "inbound", "project", PROJECT_IN)
    make_stream(lab.source_connection, "projects", "project", "project-in", 5)
    from tests.syncjobs.factories import make_workflow, step

    make_workflow(
        lab.client,
        [step("owner", lab.target_connection, record="customer")],
        events=["project.created"],
        name="Owners",
    )
    lab.source.put("projects", record("P", {"code": "P", "name": "P", "customer": "C-5"}))
    lab.drain()
    assert CanonicalRecord.objects.get(key="C-5").version == 0
    assert lab.delivery("C-5", "owner").state == "waiting"
    lab.put_customer("5")
    lab.drain()
    assert lab.delivery("C-5", "owner").state in ("delivered", "unchanged")
    assert lab.target.created("C-5") == 1


def test_a_page_costs_the_same_number_of_statements_whatever_its_size(
    lab: Lab, django_assert_max_num_queries: object
) -> None:
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (5, 100):
        rows = [record(f"{size}-{n}", {"no": f"C{size}-{n}", "name": "x"}) for n in range(size)]
        lab.source.put("customers", *rows)
        Stream.objects.update(next_poll_at=timezone.now())
        from syncjobs.intake.polling import poll_stream

        with CaptureQueriesContext(connection) as seen:
            poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 2


@pytest.fixture
def bound(lab: Lab) -> Lab:
    """The lab, its workflow reading from its source."""
    lab.workflow.bindings = {"crm": lab.source_connection.pk}
    lab.workflow.save(update_fields=["bindings"])
    return lab


def _while_read(lab: Lab, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Read the customers; once what the source has is on its way to us, this happens."""
    answered = lab.source.read

    def read(*where: Any, **options: Any) -> Iterator[Page]:
        pages = list(answered(*where, **options))
        monkeypatch.setattr(lab.source, "read", answered)
        happens()
        yield from pages

    monkeypatch.setattr(lab.source, "read", read)
    Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    polling.poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)


def test_what_asks_for_a_reading_while_one_goes_on_gets_another(
    bound: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = bound

    def changed_and_told() -> None:
        lab.put_customer("2")
        run_now(BUILDER, lab.workflow)

    lab.put_customer("1")
    _while_read(lab, monkeypatch, changed_and_told)
    drain(systems=lab.systems())
    assert lab.target.created("C-2") == 1

    _while_read(lab, monkeypatch, lambda: None)
    lab.customers.refresh_from_db()
    assert lab.customers.next_poll_at is not None
    assert lab.customers.next_poll_at > timezone.now(), "else it would be read all the time"


def test_what_asks_for_a_reading_does_not_shorten_the_pause_after_a_failed_one(
    bound: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = bound
    lab.source.fail_read = [RateLimited("Slow down.", retry_after=120)]
    answered = lab.source.read

    def read(*where: Any, **options: Any) -> Iterator[Page]:
        run_now(BUILDER, lab.workflow)
        return answered(*where, **options)

    monkeypatch.setattr(lab.source, "read", read)
    polling.poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    lab.customers.refresh_from_db()
    assert lab.customers.next_poll_at is not None
    assert lab.customers.next_poll_at > timezone.now() + timedelta(seconds=60)
