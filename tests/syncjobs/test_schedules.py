"""Schedules: when they fire, that they fire once, and what the nightly comparison finds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from syncjobs import crashpoints
from syncjobs.cron import CronError, in_words, next_after, parse
from syncjobs.engine import doorbell
from syncjobs.engine import drain as drains
from syncjobs.engine.agenda import Work, due_work
from syncjobs.engine.drain import drain, drain_until_idle
from syncjobs.engine.issues import Cause, Occurrence, raise_issues
from syncjobs.engine.reconcile import reconcile
from syncjobs.engine.schedules import fire_comparison, fire_due
from syncjobs.engine.slots import background_place
from syncjobs.engine.systems import Systems
from syncjobs.intake.polling import poll_stream
from syncjobs.models import CanonicalRecord, Connection, Delivery, Issue, Run, Workflow
from syncjobs.services.schedules import set_schedule
from syncjobs.services.workflows import run_now
from tenants.accounts.models import Client
from tenants.context import current_schema, schema_scope
from tests.syncjobs.billed import deliver
from tests.syncjobs.factories import BUILDER, Lab
from tests.syncjobs.sandboxes import BUILDER as SETTER
from tests.syncjobs.sandboxes import Systems3, three_systems

NIGHTLY = "15 2 * * *"


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, …


@pytest.mark.parametrize(
    ("text", "zone", "after", "fires"),
    [
        (NIGHTLY, "America/New_York", _utc(2026, 11, 21, 12), _utc(2026, 11, 22, 7, 15)),
        ("0 8-18/5 * * mon-fri", "UTC", _utc(2026, 11, 20, 18), _utc(2026, 11, 23, 8)),
        ("0 0 29 2 *", "UTC", _utc(2026, 3, 1), _utc(2028, 2, 29)),
        # Either day is enough where both are given: the 13th or a Friday.
        ("0 0 13 * 5", "UTC", _utc(2026, 11, 11), _utc(2026, 11, 13)),
        ("0 0 13 * 5", "UTC", _utc(2026, 11, 13), _utc(2026, 11, 20)),
        # The hour that is left out fires at the change, the hour that comes twice only once.
        ("30 1 * * *", "Europe/London", _utc(2026, 3, 28, 12), _utc(2026, 3, 29, 1)),
        ("30 1 * * *", "Europe/London", _utc(2026, 10, 24, 12), _utc(2026, 10, 25, 0, 30)),
        ("30 1 * * *", "Europe/London", _utc(2026, 10, 25, 0, 30), _utc(2026, 10, 26, 1, 30)),
    ],
)
def test_a_schedule_fires_in_its_zone(
    text: str, zone: str, after: datetime, fires: datetime
) -> None:
    assert next_after(parse(text), after, zone) == fires


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "five parts"),
        ("* * * *", "five parts"),
        ("61 * * * *", "minute must be between 0 and 59"),
        ("0 0 31 2 *", "never comes"),
        ("0 5-1 * * *", "runs backwards"),
        ("*/0 * * * *", "step of the minute"),
        ("0 0 * * funday", "day of the week"),
        ("٣ * * * *", "minute must be"),
        ("1," * 60 + "1 * * * *", "five parts"),
    ],
)
def test_a_schedule_that_is_wrong_says_where(text: str, words: str) -> None:
    with pytest.raises(CronError, match=words):
        parse(text)


def test_what_comes_in_waits_for_the_schedule_and_goes_when_it_fires(lab: Lab) -> None:
    made = set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule=" 15  2 * * * ")
    assert made.next_run_at is not None
    assert doorbell.settle() is not None
    lab.put_customer("1")
    lab.drain()
    assert lab.target.effects == []
    assert Delivery.objects.get().not_before == made.next_run_at

    # Its time comes, for two workers at once: one fires it, once.
    Workflow.objects.update(next_run_at=timezone.now() - timedelta(seconds=1))
    assert doorbell.settle() == 0
    assert (fire_due(), fire_due()) == (1, 0)
    assert Run.objects.filter(workflow=lab.workflow, trigger="schedule").count() == 1
    lab.drain()
    assert [one.what for one in lab.target.effects] == ["created"]
    again = Workflow.objects.get(pk=lab.workflow.pk).next_run_at
    assert again is not None
    assert again > timezone.now()


def test_a_paused_workflow_does_not_fire_and_real_time_lets_go_at_once(lab: Lab) -> None:
    set_schedule(BUILDER, lab.workflow, mode="batch", schedule=NIGHTLY)
    lab.put_customer("1")
    lab.drain()
    Workflow.objects.update(state="paused", next_run_at=timezone.now() - timedelta(seconds=1))
    assert fire_due() == 0
    assert not Run.objects.filter(trigger="schedule", workflow=lab.workflow).exists()
    Workflow.objects.update(state="active")
    assert Delivery.objects.get().priority == Workflow.Priority.BULK
    made = set_schedule(BUILDER, lab.workflow, mode="real_time")
    assert (made.schedule, made.next_run_at, made.priority) == ("", None, 20)
    lab.drain()
    assert len(lab.target.effects) == 1


def test_a_changed_promise_moves_nothing_of_the_schedule(lab: Lab) -> None:
    set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule=NIGHTLY)
    lab.put_customer("1")
    lab.drain()
    missed = timezone.now() - timedelta(hours=5)
    Workflow.objects.update(next_run_at=missed)
    Delivery.objects.update(not_before=missed)
    set_schedule(BUILDER, lab.workflow, within_hours="4")
    assert Workflow.objects.get().next_run_at == missed, "what was missed fires once"
    assert lab.delivery("C-1").not_before == missed


@pytest.mark.parametrize("kind", [Run.Kind.REPLAY, Run.Kind.BACKFILL])
def test_a_changed_schedule_leaves_what_goes_by_none(lab: Lab, kind: str) -> None:
    lab.put_customer("1")
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    Run.objects.filter(deliveries__record__key="C-1").update(kind=kind)
    Delivery.objects.update(priority=30)
    was = lab.delivery("C-1")
    set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule=NIGHTLY)
    now = lab.delivery("C-1")
    assert (now.not_before, now.priority) == (was.not_before, 30)


def test_who_may_set_a_schedule_and_what_is_kept_of_it(lab: Lab, dave: Actor) -> None:
    with pytest.raises(NotPermitted):
        set_schedule(dave, lab.workflow, mode="scheduled", schedule=NIGHTLY)
    with pytest.raises(ValidationError, match="five parts"):
        set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule="nightly")
    set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule=NIGHTLY)
    entry = AuditEntry.objects.filter(action="workflow.changed").latest("pk")
    assert entry.after == {"mode": "scheduled", "schedule": NIGHTLY, "sla_seconds": None}


# --- the nightly comparison ------------------------------------------------------------------


@pytest.fixture
def night(alder: Client, at_work: None) -> Iterator[Systems3]:
    """A PSA with a day of work of one project, all of it billed by hand in the ERP."""
    with three_systems(alder, ("nightly_margin",), kinds=("psa", "erp")) as systems:
        psa, erp = systems.psa, systems.erp
        erp.control("add_tax_code", code="V", rate="0.2", description="Standard")
        erp.bulk("customers", [{"number": "C", "name": "C", "currency": "EUR", "taxCode": "V"}])
        psa.bulk("projects", [{"Code": "P", "Name": "P", "Currency": "EUR"}])
        person = {"Number": "R", "LastName": "Rae", "Currency": "EUR", "CostRate": "60.00"}
        psa.bulk("resources", [person])
        for number, hours in (("T-1", "8.00"), ("T-2", "4.00")):
            _work(systems, number, hours)
        draft = {"customerNumber": "C", "externalReference": "P:1", "currency": "EUR"}
        erp.bulk("invoices", [{**draft, "projectCode": "P", "period": "2026-10"}])
        for number, hours in (("T-1", "8.00"), ("T-2", "4.00")):
            _bill(systems, number, hours)
        drain_until_idle(patience=0.3)
        yield systems


def _work(systems: Systems3, number: str, hours: str) -> None:
    entry = {"ProjectCode": "P", "ResourceNumber": "R", "WorkDate": "2026-10-07", "Rate": "100.00"}
    more = {"Number": number, "Hours": hours, "Currency": "EUR", "State": "Approved"}
    systems.psa.bulk("timeEntries", [{**entry, **more}])


def _bill(systems: Systems3, number: str, hours: str) -> None:
    line = {"externalReference": number, "quantity": hours, "unitPrice": "100.00"}
    more = {"invoiceReference": "P:1", "description": "Work", "workDate": "2026-10-07"}
    amount = str((Decimal(hours) * 100).quantize(Decimal("0.01")))
    systems.erp.call("POST", "/erp/v1/invoiceLines", {**line, **more, "lineAmount": amount})


def _compare() -> Run:
    run_now(SETTER, Workflow.objects.get())
    drain()
    return Run.objects.filter(trigger="schedule", stream=None).latest("pk")


def test_a_night_finds_equal_totals_a_margin_then_what_differs_and_that_it_was_mended(
    night: Systems3,
) -> None:
    run = _compare()
    assert run.state == "succeeded", run.message
    (time,) = (one for one in run.detail["comparisons"] if one["name"] == "Billable time")
    assert (time["period"], time["source"], time["target"]) == (
        "2026-10",
        {"count": 2, "sum": "1200.00"},
        {"count": 2, "sum": "1200.00"},
    )
    (margin,) = run.detail["margins"]
    assert (margin["billed"], margin["cost"], margin["margin"]) == ("1200.00", "720.00", "480.00")
    following = Workflow.objects.get().next_run_at
    assert following is not None
    assert following > timezone.now()

    _work(night, "T-3", "2.00")
    run = _compare()
    assert run.state == "partial"
    issue = Issue.objects.get(kind="control_total_off")
    assert "2026-10" in issue.title
    assert "T-3" in issue.detail["message"]
    assert issue.detail["difference"] == "-200.00"

    _bill(night, "T-3", "2.00")
    assert _compare().state == "succeeded"
    issue.refresh_from_db()
    assert issue.state == "resolved"


def test_billed_time_that_was_withdrawn_is_told_by_its_own_exception_alone(
    night: Systems3, alder: Client
) -> None:
    _bill(night, "T-3", "2.00")
    assert _compare().state == "partial"
    assert Issue.objects.get().detail["difference"] == "200.00"

    cause = Cause("withdrawn_after_delivery", alder.pk, ("T-3",), {})
    asked = Issue.objects.get(pk=raise_issues([Occurrence(cause)])[cause.fingerprint])
    erp = Connection.objects.get(connector="sandbox_erp")
    record = CanonicalRecord.objects.create(client=alder, type="time_entry", key="T-3", data={})
    written = deliver(record, Workflow.objects.get(), erp)
    Delivery.objects.filter(pk=written.pk).update(issue=asked)
    run = _compare()
    assert run.state == "succeeded"
    (time,) = (one for one in run.detail["comparisons"] if one["name"] == "Billable time")
    assert (time["explained"]["sum"], time["difference"]) == ("-200.00", "0.00")

    Issue.objects.filter(pk=asked.pk).update(state="resolved")
    assert _compare().state == "partial"


def test_a_system_that_cannot_be_read_fails_the_night_and_it_is_made_again(
    night: Systems3,
) -> None:
    night.erp.fault("status", status=503)
    run = _compare()
    assert run.state == "failed"
    assert not Issue.objects.filter(kind="control_total_off").exists()
    following = Workflow.objects.get().next_run_at
    assert following is not None
    assert following <= timezone.now() + timedelta(minutes=21)


@contextmanager
def _another_holds_the_place() -> Iterator[None]:
    schema, there, done = current_schema(), threading.Event(), threading.Event()

    def work() -> None:
        try:
            with schema_scope(schema), background_place() as free:
                assert free
                there.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert there.wait(30)
        yield
    finally:
        done.set()
        thread.join()


def _note(order: list[str], what: str) -> Callable[..., int]:
    def noted(*args: object, **options: object) -> int:
        order.append(what)
        return 0

    return noted


def test_live_work_goes_before_a_comparison_which_waits_for_a_pause_but_not_for_ever(
    night: Systems3, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_now(SETTER, Workflow.objects.get())
    done = drain(most=0)  # no time for anything: live work may be left
    assert done.more
    assert not Run.objects.filter(trigger="schedule", stream=None).exists()
    order: list[str] = []

    def live() -> Work:
        order.append("live")
        return due_work()

    monkeypatch.setattr(drains, "due_work", live)
    monkeypatch.setattr(drains, "reconcile", _note(order, "compare"))
    with _another_holds_the_place():
        assert not drain().more, "the place is another worker's; the sweep comes again"
    assert "compare" not in order
    order.clear()
    drain()
    assert order[0] == "live"
    assert order[-1] == "compare"
    assert order.count("compare") == 1
    order.clear()
    Workflow.objects.update(next_run_at=timezone.now() - timedelta(minutes=11))
    OrmQ.objects.all().delete()
    drain(most=0)
    assert order == ["compare"], "it waited long enough"
    assert OrmQ.objects.exists(), "another worker is called for the live work"


def test_a_comparison_that_killed_its_worker_twice_is_an_exception_until_the_next_time(
    night: Systems3,
) -> None:
    for _ in range(2):
        run_now(SETTER, Workflow.objects.get())
        assert fire_comparison() is not None  # and the worker dies
    run_now(SETTER, Workflow.objects.get())
    assert fire_comparison() is None
    issue = Issue.objects.get(kind="comparison_unfinished")
    following = Workflow.objects.get().next_run_at
    assert following is not None
    assert following > timezone.now() + timedelta(seconds=1)
    assert not Run.objects.filter(trigger="schedule", stream=None, state="running").exists()
    assert _compare().state == "succeeded"
    issue.refresh_from_db()
    assert issue.state == "resolved"


def test_a_comparison_that_another_worker_has_ended_says_nothing_more(night: Systems3) -> None:
    run_now(SETTER, Workflow.objects.get())
    slow = fire_comparison()
    assert slow is not None
    quick = _compare()
    ended = Run.objects.get(pk=slow)
    assert (ended.state, quick.state) == ("failed", "succeeded")
    with closing(Systems()) as systems:
        reconcile(slow, systems, stop=lambda: False)
    ended.refresh_from_db()
    assert (ended.state, "totals" in ended.message) == ("failed", False)


def test_a_comparison_under_way_is_nobody_elses_to_end(night: Systems3) -> None:
    run_now(SETTER, Workflow.objects.get())
    theirs = fire_comparison()
    assert theirs is not None
    drain()
    assert Run.objects.get(pk=theirs).state == "running"


def test_a_comparison_goes_on_after_what_was_through_when_its_worker_died(night: Systems3) -> None:
    _work(night, "T-3", "2.00")
    run_now(SETTER, Workflow.objects.get())
    crashpoints.arm("reconcile.after_comparison:raise:1")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            drain()
    finally:
        crashpoints.arm("")
    first = Run.objects.filter(trigger="schedule", stream=None).latest("pk")
    (through,) = first.detail["done"]["ended"]
    assert first.state == "running"

    _bill(night, "T-3", "2.00")  # seen only by who compares anew
    second = _compare()
    assert second.pk != first.pk
    names = [one["name"] for one in second.detail["comparisons"]]
    assert len(names) == len(set(names)), "nothing is told twice"
    assert second.state == "partial", "what was through is not compared again"
    assert "T-3" in Issue.objects.get(kind="control_total_off").detail["message"]
    assert second.read > first.read, "the others were read by this one"
    assert second.detail["margins"][0]["cost"] == "840.00"
    assert through

    assert _compare().state == "succeeded", "after one that ended, all is compared anew"


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("15 2 * * *", "every day at 02:15"),
        ("0 6,18 * * mon-fri", "Monday to Friday at 06:00 and 18:00"),
        ("0 8-18 * * mon-fri", "Monday to Friday, each hour from 08:00 to 18:00"),
        ("30 * * * *", "every day, each hour from 00:30 to 23:30"),
        ("0 2 1 * *", "0 2 1 * *"),
        ("0 2 */2 * *", "0 2 */2 * *"),
        ("*/15 * * * *", "*/15 * * * *"),
        ("0 1 * * sat", "0 1 * * sat"),
    ],
)
def test_a_schedule_is_told_as_people_say_it(schedule: str, words: str) -> None:
    assert in_words(schedule) == words
