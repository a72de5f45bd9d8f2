"""What a person calls off while it is claimed is not sent any more."""

import threading
from collections.abc import Callable

import pytest

from governance.actors import command_actor
from syncjobs.connectors.base import Write
from syncjobs.connectors.errors import RateLimited
from syncjobs.engine import deliver, drain
from syncjobs.engine.claim import Claim
from syncjobs.models import Connection, Delivery, Run, Workflow
from syncjobs.services.connections import set_enabled
from syncjobs.services.runs import cancel_run
from syncjobs.services.workflows import pause_workflow
from tenants.context import current_schema
from tests.syncjobs.committed import db, open_lab
from tests.syncjobs.elsewhere import elsewhere
from tests.syncjobs.factories import Lab
from tests.syncjobs.test_faults import plan, states

__all__ = ["db", "open_lab"]
TESTS = command_actor("tests")


@pytest.fixture
def one_at_a_time(open_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Twelve deliveries in one claim, to a slow system that takes one call at a time."""
    Connection.objects.filter(pk=open_lab.target_connection.pk).update(in_flight=1)
    monkeypatch.setattr(deliver, "LOOK_SECONDS", 0)
    monkeypatch.setattr("syncjobs.engine.sending.FLUSH_SECONDS", 0.05)
    plan(open_lab, 12)
    return open_lab


def _at_the_first_call(lab: Lab, happens: Callable[[], object]) -> list[str]:
    """Let this happen while the first is being sent; return what is sent."""
    schema, sent = current_schema(), list[str]()

    def slow(write: Write) -> None:
        sent.append(write.reference)
        if len(sent) == 1:
            elsewhere(happens, schema)
        threading.Event().wait(0.4)

    lab.target.on_write = slow
    return sent


def test_a_paused_workflow_sends_what_is_under_way_and_no_more(one_at_a_time: Lab) -> None:
    workflow = Workflow.objects.get()
    sent = _at_the_first_call(
        one_at_a_time, lambda: pause_workflow(TESTS, workflow, reason="Stop.")
    )
    drain.drain(systems=one_at_a_time.systems())
    assert len(sent) <= 2
    assert states() == {"delivered": len(sent), "pending": 12 - len(sent)}


def test_nothing_more_goes_to_a_system_that_is_switched_off(one_at_a_time: Lab) -> None:
    target = one_at_a_time.target_connection
    sent = _at_the_first_call(one_at_a_time, lambda: set_enabled(TESTS, target, enabled=False))
    drain.drain(systems=one_at_a_time.systems())
    assert len(sent) <= 2
    assert states() == {"delivered": len(sent), "pending": 12 - len(sent)}


@pytest.fixture
def run(one_at_a_time: Lab) -> Run:
    """The run that all twelve are of."""
    return Run.objects.get(pk=Delivery.objects.values_list("run", flat=True).distinct().get())


def test_what_is_claimed_is_given_up_with_its_run(one_at_a_time: Lab, run: Run) -> None:
    sent = _at_the_first_call(one_at_a_time, lambda: cancel_run(TESTS, run, reason="Not these."))
    drain.drain(systems=one_at_a_time.systems())
    assert len(sent) <= 2
    assert states() == {"delivered": len(sent), "cancelled": 12 - len(sent)}
    run.refresh_from_db()
    assert (run.state, run.delivered) == ("cancelled", len(sent))
    assert set(Delivery.objects.filter(state="cancelled").values_list("outcome", flat=True)) == {
        "Given up with its run."
    }


def test_what_its_system_refused_meanwhile_is_given_up_too(one_at_a_time: Lab, run: Run) -> None:
    one_at_a_time.target.fail_before = [RateLimited("Slow down.", status=429, retry_after=1.0)]
    schema, calls = current_schema(), list[str]()
    write = one_at_a_time.target.write

    def refused(one: Write) -> object:
        calls.append(one.reference)
        elsewhere(lambda: cancel_run(TESTS, run, reason="Not these."), schema)
        return write(one)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_at_a_time.target, "write", refused)
        drain.drain(systems=one_at_a_time.systems())
    assert len(calls) == 1
    assert states() == {"cancelled": 12}


def test_a_scope_that_was_narrowed_holds_from_the_next_claim(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = open_lab
    plan(lab, 30)
    monkeypatch.setattr(drain, "BATCH", 10)
    claim: Callable[..., list[Claim]] = vars(deliver)["claim"]
    claims: list[int] = []

    def noted(*given: object, **named: object) -> list[Claim]:
        if len(claims) == 1:
            Connection.objects.filter(pk=lab.target_connection.pk).update(scopes=["nothing"])
        found = claim(*given, **named)
        claims.append(len(found))
        return found

    monkeypatch.setattr(deliver, "claim", noted)
    drain.drain(systems=lab.systems())
    assert len(lab.target.effects) <= 10
