"""Claims, leases and fencing: order per record, one open row, nothing after a lost lease."""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from syncjobs import crashpoints
from syncjobs.connectors.base import Write
from syncjobs.connectors.errors import Rejected, Transient, Unknown
from syncjobs.crashpoints import CrashPoint
from syncjobs.engine import deliver, ledger
from syncjobs.engine.claim import Claim, claim, reap, renew
from syncjobs.engine.drain import drain
from syncjobs.engine.jobs import Outcome
from syncjobs.engine.prepare import load_jobs
from syncjobs.intake.polling import poll_stream
from syncjobs.models import Attempt, Connection, Delivery, Issue
from syncjobs.services.issues import retry_issue
from tests.fakes.systems import FakeSystem, FakeSystems
from tests.syncjobs.factories import BUILDER, Lab, make_connection, make_workflow, step


def _plan(lab: Lab, *ids: str) -> None:
    """Let records come in without delivering anything."""
    for id_ in ids:
        lab.put_customer(id_)
    lab.drain(most=0)
    _plan_only(lab)


def _plan_only(lab: Lab) -> None:
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)


def test_a_newer_version_renews_the_open_row_instead_of_adding_one(lab: Lab) -> None:
    _plan(lab, "1")
    lab.put_customer("1", name="Newer")
    _plan(lab)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.record_version) == ("pending", 2)


def test_a_newer_version_takes_up_what_had_failed(lab: Lab) -> None:
    _plan(lab, "1")
    Delivery.objects.update(state="failed")
    lab.put_customer("1", name="Mended")
    _plan(lab)
    assert Delivery.objects.get().state == "pending"


def test_a_newer_version_that_came_while_the_older_was_refused_goes_out(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    _plan(lab, "1")
    lab.target.fail_before = [Rejected("The name is too short.")]

    def connect(systems: FakeSystems, connection: Connection) -> FakeSystem:
        """Between preparing and sending, the source mends the record."""
        monkeypatch.undo()
        lab.put_customer("1", name="Mended")
        _plan_only(lab)
        return lab.target

    monkeypatch.setattr(FakeSystems, "_connect", connect)
    drain(systems=lab.systems())
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.record_version) == ("delivered", 2)
    assert [one.data["name"] for one in lab.target.effects] == ["Mended"]
    assert Issue.objects.get().state == "resolved"


@pytest.mark.parametrize("state", ["unknown", "parked"])
def test_a_newer_version_never_skips_the_question_of_an_unknown_outcome(
    lab: Lab, state: str
) -> None:
    _plan(lab, "1")
    Delivery.objects.update(state=state, verify=True)
    lab.put_customer("1", name="Newer")
    _plan(lab)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.record_version, delivery.verify) == (state, 2, True)


def test_a_version_that_arrives_while_its_row_is_being_written_is_written_next(lab: Lab) -> None:
    _plan(lab, "1")
    (taken,) = claim()
    job = load_jobs([taken])[0]
    lab.put_customer("1", name="Newer")
    from syncjobs.intake.polling import poll_stream

    type(lab.customers).objects.update(next_poll_at=timezone.now())
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    assert Delivery.objects.get().state == "running"

    ledger.record([Outcome(job, "deliver", attempt=True, wrote=True)], worker="w")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.finished_at) == ("pending", None)


def test_a_record_has_one_running_delivery_per_system(lab: Lab) -> None:
    make_workflow(lab.client, [step("again", lab.target_connection)], name="Other flow")
    _plan(lab, "1")
    assert Delivery.objects.count() == 2
    assert len(claim()) == 1
    assert claim() == [], "the other one waits until the first has ended"


def test_the_database_refuses_a_second_running_delivery_of_a_record(lab: Lab) -> None:
    make_workflow(lab.client, [step("again", lab.target_connection)], name="Other flow")
    _plan(lab, "1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(state="running")


def test_more_urgent_workflows_go_first(lab: Lab) -> None:
    urgent = make_workflow(lab.client, [step("urgent", lab.target_connection)], name="Urgent")
    urgent.priority = 10
    urgent.save()
    _plan(lab, "1", "2")
    first = [Delivery.objects.get(pk=one.delivery_id).step for one in claim()]
    assert first == ["urgent", "urgent"]


def test_a_worker_past_its_lease_writes_nothing(lab: Lab) -> None:
    _plan(lab, "1")
    (taken,) = claim()
    job = load_jobs([taken])[0]
    job.content_hash = "noted"
    ledger.note_intents([job])
    _let_leases_end()
    assert reap() == 1

    kept = ledger.record([Outcome(job, "deliver", attempt=True, wrote=True)], worker="late")
    assert kept == 0
    assert Delivery.objects.get().state == "unknown"
    assert not Attempt.objects.exists()


def _die(lab: Lab, point: str) -> None:
    """Let a worker die at a point, and its leases end."""
    crashpoints.arm(f"{point}:raise")
    try:
        with pytest.raises(CrashPoint):
            lab.drain()
    finally:
        crashpoints.arm("")
    _let_leases_end()


@pytest.mark.parametrize("point", ["deliver.before_write", "deliver.after_write"])
def test_work_of_a_dead_worker_is_looked_up_first(lab: Lab, point: str) -> None:
    lab.put_customer("1")
    _die(lab, point)
    assert reap() == 1
    assert (lab.delivery("C-1").state, lab.delivery("C-1").verify) == ("unknown", True)
    lab.drain()
    assert lab.target.look_ups == 1
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1


def test_what_a_dead_worker_had_not_noted_was_not_sent_and_is_not_asked_for(lab: Lab) -> None:
    lab.target.can_look_up = False
    lab.put_customer("1")
    _die(lab, "deliver.after_claim")
    assert reap() == 1
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.verify) == ("pending", False)
    assert delivery.unfinished_starts == 1, "preparing it may be what killed the worker"
    lab.drain()
    assert lab.delivery("C-1").state == "delivered", "parked, if the target had to be asked"
    assert (lab.target.look_ups, lab.target.created("C-1")) == (0, 1)


def test_what_an_earlier_start_had_noted_is_asked_for_whichever_start_died(lab: Lab) -> None:
    lab.target.fail_before = [Transient("Try again.")]
    lab.put_customer("1")
    lab.drain()
    assert (lab.delivery("C-1").state, lab.delivery("C-1").verify) == ("retrying", False)
    Delivery.objects.update(not_before=timezone.now())
    _die(lab, "deliver.after_claim")
    lab.drain()
    assert lab.target.look_ups == 1
    assert lab.target.created("C-1") == 1


def test_what_was_to_be_asked_for_still_is_though_its_note_was_taken_away(lab: Lab) -> None:
    lab.target.fail_after = [Unknown("lost")]
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1", name="Newer")
    Delivery.objects.update(not_before=timezone.now())
    _die(lab, "deliver.before_write")
    assert lab.delivery("C-1").content_hash == "", "other content: what may be there is not known"
    look_ups = lab.target.look_ups
    reap()
    assert (lab.delivery("C-1").state, lab.delivery("C-1").verify) == ("unknown", True)
    lab.drain()
    assert lab.target.look_ups == look_ups + 1
    assert lab.target.created("C-1") == 1


def test_three_starts_that_never_end_park_the_poison_and_only_that(lab: Lab) -> None:
    _plan(lab, "1", "2", "3")
    poison = lab.delivery("C-2").pk
    starts = 0
    while taken := claim():
        if poison in [one.delivery_id for one in taken]:
            starts += 1
            assert starts == 1 or len(taken) == 1, "suspects are started alone"
            _let_leases_end()
            reap()
        else:
            jobs = load_jobs(taken)
            ledger.record([Outcome(one, "deliver", wrote=True) for one in jobs], worker="w")
    assert starts == 3
    assert Delivery.objects.get(state="parked").pk == poison
    assert Delivery.objects.filter(state="delivered").count() == 2
    assert Issue.objects.get().kind == "worker_died"


def test_poison_leaves_no_exception_open_of_what_it_suffered_from_before(lab: Lab) -> None:
    lab.target.fail_before = [Rejected("The name is too short.")]
    lab.put_customer("1")
    lab.drain()
    retry_issue(BUILDER, Issue.objects.get())
    for _ in range(3):
        assert claim()
        _let_leases_end()
        reap()
    assert Delivery.objects.get().state == "parked"
    assert list(Issue.objects.filter(state="open").values_list("kind", flat=True)) == [
        "worker_died"
    ]


def _let_leases_end() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(state="running").update(lease_until=past)


def test_a_row_that_ended_well_starts_counting_from_zero(lab: Lab) -> None:
    lab.target.fail_before = [Unknown("lost")]
    _plan(lab, "1")
    lab.drain()
    assert Delivery.objects.get().unfinished_starts == 0


def test_what_was_not_sent_goes_back_as_it_was_when_the_worker_is_asked_to_stop(lab: Lab) -> None:
    _plan(lab, "1", "2")
    from syncjobs.engine.deliver import deliver_batch

    deliver_batch(lab.systems(), worker="w", stop=lambda: True)
    assert set(Delivery.objects.values_list("state", "attempts", "unfinished_starts")) == {
        ("pending", 0, 0)
    }
    assert not lab.target.effects


def test_the_leases_of_a_system_whose_turn_is_still_to_come_are_kept_while_a_slow_one_writes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, late = FakeSystem(), make_connection(lab.client, "Late")
    steps = [step("customer", lab.target_connection), step("late", late, record="self")]
    lab.replace_workflow(steps)
    _plan(lab, "1")
    systems = FakeSystems({lab.target_connection.pk: lab.target, late.pk: second})
    now, kept = [monotonic()], list[int]()

    def keep(claims: Sequence[Claim]) -> None:
        kept.extend(one.delivery_id for one in claims)
        renew(claims)

    def slowly(write: Write) -> None:
        now[0] += 40

    monkeypatch.setattr(deliver, "monotonic", lambda: now[0])
    monkeypatch.setattr(deliver, "renew", keep)
    lab.target.on_write = slowly
    assert deliver.deliver_batch(systems, worker="w", stop=lambda: False) == 2
    waiting = lab.delivery("C-1", "late")
    assert kept == [waiting.pk]
    assert (waiting.state, waiting.attempts, waiting.verify) == ("pending", 0, False)
    assert second.effects == [], "the claim's time is over: it is given back, not sent"
    deliver.deliver_batch(systems, worker="w", stop=lambda: False)
    assert second.created("C-1") == lab.target.created("C-1") == 1
