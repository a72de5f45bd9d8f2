"""A run goes on when what others bring lets its deliveries go, also where a worker dies of it."""

import pytest
from django.db import transaction

from syncjobs.connectors.errors import Rejected
from syncjobs.engine import runs
from syncjobs.engine.doorbell import ring
from syncjobs.engine.plan import Planned
from syncjobs.engine.release import recheck, release_watchers
from syncjobs.models import Delivery, Run
from syncjobs.services.runs import cancel_run
from syncjobs.services.workflows import pause_workflow, resume_workflow
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    PROJECT_IN,
    PROJECT_OUT,
    Lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)


@pytest.fixture
def waiting(lab: Lab) -> Run:
    """The run of a project that waits for its customer, which nobody has sent yet."""
    make_mapping("project-in", "inbound", "project", PROJECT_IN)
    make_mapping("project-out", "outbound", "project", PROJECT_OUT)
    make_stream(lab.source_connection, "projects", "project", "project-in", position=200)
    one = step("project", lab.target_connection, mapping="project-out")
    make_workflow(lab.client, [one], events=("project.created",), name="Projects")
    lab.source.put("projects", record("p1", {"code": "P-1", "name": "One", "customer": "C-1"}))
    lab.drain()
    run = Run.objects.get(workflow__name="Projects")
    assert (run.state, run.blocked) == ("partial", 1)
    return run


def test_it_is_running_the_moment_that_its_row_is_let_go(lab: Lab, waiting: Run) -> None:
    watched = Delivery.objects.get(run=waiting).watch
    release_watchers(lab.client.pk, watched)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.blocked, waiting.ended_at) == ("running", 0, None)


def test_it_is_counted_though_the_worker_that_saw_it_through_died(
    lab: Lab, waiting: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.put_customer("1")
    with monkeypatch.context() as patched:
        patched.setattr("syncjobs.engine.drain.refresh_put_off", lambda _: None)
        lab.drain()
        lab.deliver_late()
    vars(runs)["_put_off"].clear()  # which was in the memory of the dead
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()
    waiting.refresh_from_db()
    assert waiting.state == "running"
    lab.drain()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.blocked, waiting.delivered) == ("succeeded", 0, 1)


def test_a_newer_version_lets_the_run_of_the_older_one_go_on(lab: Lab) -> None:
    lab.target.fail_before = [Rejected("It is blocked.")]
    lab.put_customer("1")
    lab.drain()
    first = Run.objects.get(kind="workflow")
    assert first.state == "failed"
    pause_workflow(BUILDER, lab.workflow, reason="To look.")
    lab.put_customer("1", name="Mended")
    lab.drain()
    first.refresh_from_db()
    assert (first.state, first.failed) == ("running", 0)
    resume_workflow(BUILDER, lab.workflow)
    lab.drain()
    first.refresh_from_db()
    assert (first.state, first.failed, first.delivered) == ("succeeded", 0, 1)


def test_what_nothing_has_let_go_for_long_is_running_while_it_is_asked(
    lab: Lab, waiting: Run
) -> None:
    Delivery.objects.update(updated_at="2026-01-01T00:00:00Z")
    assert recheck() == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.blocked) == ("running", 0)


def test_a_run_that_was_given_up_stays_so(lab: Lab, waiting: Run) -> None:
    cancel_run(BUILDER, waiting, reason="Not wanted.")
    with transaction.atomic():
        Planned(resumed={waiting.pk}).finish(lab.client.pk)
        ring()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.dropped) == ("cancelled", 1)
