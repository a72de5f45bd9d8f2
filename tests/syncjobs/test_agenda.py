"""A turn asks for all that waits in few statements, and misses none of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branding.models import EvidenceReport
from governance.models import Change, ChangeRequest
from syncjobs.engine import agenda
from syncjobs.engine.agenda import Behind, Chores, Work
from syncjobs.engine.doorbell import settle
from syncjobs.engine.drain import drain
from syncjobs.engine.objects import insert, objects, update
from syncjobs.models import Connection, Delivery, Run, Stream, Workflow
from syncjobs.retry import RECHECK_SECONDS
from tests.syncjobs.factories import Lab

NOTHING = Chores(*[False] * 6)
AGO = timedelta(minutes=11)


def _lease_ends() -> None:
    Delivery.objects.update(state="running", lease_until=timezone.now() - AGO)


def _hold_is_old() -> None:
    before = timezone.now() - timedelta(seconds=RECHECK_SECONDS + 5)
    Delivery.objects.update(state="held", updated_at=before)


def _waits_in_the_background() -> None:
    Delivery.objects.update(state="pending", priority=30, not_before=timezone.now() - AGO)


def _request_is_scheduled() -> None:
    ChangeRequest.objects.create(
        title="Prices", status="scheduled", scheduled_for=timezone.now() - AGO
    )


def _emergency_is_unreviewed() -> None:
    ChangeRequest.objects.create(
        title="Prices",
        status="applied",
        emergency=True,
        review_due_at=timezone.now() - AGO,
    )


def _workflow_fires() -> None:
    Workflow.objects.update(next_run_at=timezone.now() - AGO)


@pytest.mark.parametrize(
    ("name", "happens"),
    [
        ("leases", _lease_ends),
        ("gates", _hold_is_old),
        ("aged", _waits_in_the_background),
        ("changes", _request_is_scheduled),
        ("reviews", _emergency_is_unreviewed),
        ("schedules", _workflow_fires),
    ],
)
def test_each_chore_is_seen_and_no_other(lab: Lab, name: str, happens: Callable[[], None]) -> None:
    lab.put_customer("1")
    lab.drain()
    assert agenda.begin()[0] == NOTHING
    happens()
    seen, _ = agenda.begin()
    assert [one for one in Chores.__slots__ if getattr(seen, one)] == [name]


def test_work_and_what_comes_behind_it_are_seen(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    now = timezone.now()
    Stream.objects.update(next_poll_at=now + AGO, next_compare_at=None)
    assert agenda.due_work() == Work([], [], sends=False)
    assert agenda.due_behind() == Behind([], [], background=False, ended=[])
    Delivery.objects.update(state="pending", not_before=now - AGO)
    Stream.objects.filter(pk=lab.customers.pk).update(next_poll_at=now, next_compare_at=now)
    Workflow.objects.update(next_backfill_at=now)
    assert agenda.due_work() == Work([], [lab.customers.pk], sends=True)
    assert agenda.begin()[1] == agenda.due_work()
    workflows = sorted(Workflow.objects.values_list("pk", flat=True))
    behind = agenda.due_behind()
    assert (sorted(behind.workflows), behind.compares) == (workflows, [lab.customers.pk])


def test_a_workflow_that_compares_is_work_for_the_background(lab: Lab) -> None:
    _workflow_fires()
    assert not agenda.has_background(timedelta(0))
    workflow = Workflow.objects.select_related("version").first()
    assert workflow is not None
    assert workflow.version is not None
    workflow.version.definition = {**workflow.version.definition, "comparisons": [{}]}
    update(workflow.version, ["definition"])
    assert agenda.has_background(timedelta(0))
    assert agenda.due_behind().background
    assert not agenda.has_background(2 * AGO)


def test_a_turn_with_nothing_to_do_asks_five_times(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    with CaptureQueriesContext(connection) as seen:
        drain(systems=lab.systems())
    asked = [one["sql"] for one in seen if "SAVEPOINT" not in one["sql"]]
    assert len(asked) == 5, asked


def test_rows_by_prepared_statements_are_those_of_the_orm(lab: Lab) -> None:
    begun = insert(Run(client=lab.client, kind="intake", trigger="file", cursor_before={"at": [1]}))
    same = Run.objects.get(pk=begun.pk)
    assert (same.cursor_before, same.state, same.started_at) == (
        {"at": [1]},
        "running",
        begun.started_at,
    )
    same.message, same.detail = "Don't", {"a": 1}
    update(same, ["message", "detail"])
    (read,) = objects(Run, "id = %(id)s", {"id": same.pk})
    assert (read.message, read.detail, read.client_id) == ("Don't", {"a": 1}, lab.client.pk)
    for model in (Connection, Stream, Workflow):
        rows = objects(model, "true ORDER BY id", {})
        for row, usual in zip(rows, model._default_manager.order_by("pk"), strict=True):
            for field in model._meta.concrete_fields:
                assert getattr(row, field.attname) == getattr(usual, field.attname)


def _stream_is_compared(soon: datetime) -> None:
    Stream.objects.update(next_compare_at=soon)


def _stream_is_held(soon: datetime) -> None:
    Stream.objects.update(next_poll_at=timezone.now(), lease_until=soon)


def _system_rests(soon: datetime) -> None:
    Stream.objects.update(next_poll_at=timezone.now(), next_compare_at=timezone.now())
    Connection.objects.update(breaker_until=soon)


def _retry_waits_for_its_system(soon: datetime) -> None:
    Delivery.objects.update(state="retrying", not_before=timezone.now())
    Connection.objects.update(breaker_until=soon)


def _hold_is_asked_again(soon: datetime) -> None:
    Delivery.objects.update(state="held", updated_at=soon - timedelta(seconds=RECHECK_SECONDS))


def _impact_is_drawn(soon: datetime) -> None:
    request = ChangeRequest.objects.create(title="Prices", status="draft")
    Change.objects.create(request=request, position=1, kind="x", content={}, impact_due_at=soon)


def _report_is_drawn(soon: datetime) -> None:
    EvidenceReport.objects.create(since=soon, until=soon, form="pdf", due_at=soon)


@pytest.mark.parametrize(
    "happens",
    [
        lambda soon: Stream.objects.update(next_poll_at=soon),
        _stream_is_compared,
        _stream_is_held,
        _system_rests,
        lambda soon: Delivery.objects.update(state="retrying", not_before=soon),
        _retry_waits_for_its_system,
        _hold_is_asked_again,
        lambda soon: Delivery.objects.update(state="running", lease_until=soon),
        lambda soon: Workflow.objects.update(next_run_at=soon),
        lambda soon: Workflow.objects.update(next_backfill_at=soon),
        lambda soon: ChangeRequest.objects.create(
            title="Prices", status="scheduled", scheduled_for=soon
        ),
        lambda soon: ChangeRequest.objects.create(
            title="Prices", status="applied", emergency=True, review_due_at=soon
        ),
        _impact_is_drawn,
        _report_is_drawn,
    ],
)
def test_whatever_is_due_next_a_partner_is_due_then(
    lab: Lab, happens: Callable[[datetime], object]
) -> None:
    lab.put_customer("1")
    lab.drain()
    Stream.objects.update(next_poll_at=timezone.now() + 6 * AGO, next_compare_at=None)
    happens(timezone.now() + AGO)
    wait = settle()
    assert wait is not None
    assert AGO.total_seconds() - 5 < wait <= AGO.total_seconds()
