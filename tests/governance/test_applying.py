"""Making an approved change live: all of it, only it, only then."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from governance.actors import Actor
from governance.errors import (
    ApplyFailed,
    BadTransition,
    Frozen,
    NotPermitted,
)
from governance.models import AuditEntry, ChangeRequest, Policy, Window
from governance.services import changes
from governance.services.schedule import apply_due
from tenants.accounts.models import Client
from tests.governance.governed import KIND, Knob, approve, currency, propose, steps

pytestmark = pytest.mark.usefixtures("governed")


def test_what_was_and_what_became_is_recorded(alder: Client, bob: Actor, carol: Actor) -> None:
    request = approve(carol, propose(bob, alder, money=False))
    change = request.changes.get()
    assert change.before == {"version": "EUR", "currency": "EUR"}
    assert change.after == {"version": "USD", "currency": "USD"}
    entry = AuditEntry.objects.get(action="change.applied", object_kind="mapping_version")
    assert (entry.object_id, entry.client_id) == (str(alder.pk), alder.pk)
    assert entry.after == {"version": "USD", "currency": "USD", "change_request": request.pk}


def test_a_policy_without_auto_apply_waits_for_the_button(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    Policy.objects.update(auto_apply=False)
    request = approve(carol, propose(bob, alder, money=False))
    assert request.status == "approved"
    assert currency(alder) == "EUR"
    assert changes.apply(bob, request.pk).status == "applied"
    with pytest.raises(BadTransition, match="is live, so it cannot be applied"):
        changes.apply(bob, request.pk)


def test_nothing_unapproved_is_applied(alder: Client, bob: Actor) -> None:
    request = propose(bob, alder)
    with pytest.raises(BadTransition, match="waiting for approval"):
        changes.apply(bob, request.pk)
    ChangeRequest.objects.filter(pk=request.pk).update(status="approved")
    with pytest.raises(BadTransition, match="more signatures"):
        changes.apply(bob, request.pk)
    assert currency(alder) == "EUR"


def test_applying_needs_the_permission(alder: Client, bob: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    with pytest.raises(NotPermitted, match=r"changes\.apply"):
        changes.apply(heidi, request.pk)


def test_a_stricter_policy_sends_back_what_was_approved_before_with_its_signatures(
    alder: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Policy.objects.update(auto_apply=False, client_signature=False)
    request = approve(carol, propose(bob, alder))
    Policy.objects.update(approvals=2)
    with pytest.raises(BadTransition, match="more signatures"):
        changes.apply(bob, request.pk)
    request.refresh_from_db()
    assert (request.status, steps(request)[-1]) == ("submitted", "change.reopened")
    assert "still count" in request.notice
    # Carol's signature stands, so one more is enough.
    assert approve(alice, request).status == "approved"
    assert changes.apply(bob, request.pk).status == "applied"


def test_a_failure_in_the_middle_of_a_set_leaves_nothing(
    alder: Client, bob: Actor, carol: Actor, governed: Knob
) -> None:
    second = Client.objects.create(name="Alder Holding", slug="alder-holding", currency="EUR")
    calls: list[int] = []

    def fail_at_the_second() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise ApplyFailed("The second one does not fit.")

    governed.after_write = fail_at_the_second
    both = [
        changes.ProposedChange(KIND, str(one.pk), one.name, {"currency": "USD"}, alder.pk)
        for one in (alder, second)
    ]
    request = changes.propose(bob, title="Both", reason="r", changes=both)
    with pytest.raises(ApplyFailed, match="does not fit"):
        approve(carol, request)
    after = ChangeRequest.objects.get(pk=request.pk)
    assert after.status == "approved"
    assert after.notice == "Signed, but it could not be applied: The second one does not fit."
    assert (currency(alder), currency(second)) == ("EUR", "EUR")
    assert not after.changes.filter(before__isnull=False).exists()
    assert steps(request)[-1] == "change.failed"
    governed.after_write = lambda: None
    assert changes.apply(bob, request.pk).status == "applied"
    assert (currency(alder), currency(second)) == ("USD", "USD")


def test_a_fault_of_an_applier_is_told_plainly_and_not_in_its_words(
    alder: Client, bob: Actor, carol: Actor, governed: Knob
) -> None:
    def fault() -> None:
        raise KeyError("internal detail")

    governed.after_write = fault
    with pytest.raises(ApplyFailed, match="unexpected error stopped Currency of Alder") as raised:
        approve(carol, propose(bob, alder, money=False))
    assert "internal detail" not in str(raised.value)
    assert currency(alder) == "EUR"


def test_after_a_deadlock_it_is_tried_again_and_not_called_a_failure(
    alder: Client, bob: Actor, carol: Actor, governed: Knob, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def meet_a_deadlock_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError from DeadlockDetected()

    monkeypatch.setattr("governance.deadlocks.connection", SimpleNamespace(in_atomic_block=False))
    governed.after_write = meet_a_deadlock_once
    request = approve(carol, propose(bob, alder, money=False))
    assert (request.status, currency(alder), len(calls)) == ("applied", "USD", 2)
    assert "change.failed" not in steps(request)


def test_a_freeze_keeps_an_approved_change_out_until_it_ends(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    now = timezone.now()
    window = Window.objects.create(
        name="Month end",
        mode=Window.Mode.FREEZE,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
    )
    request = approve(carol, propose(bob, alder, money=False))
    assert request.status == "scheduled"
    assert request.scheduled_for == window.ends_at
    assert "Month end" in ChangeRequest.objects.get(pk=request.pk).notice
    assert currency(alder) == "EUR"
    with pytest.raises(Frozen, match="Month end"):
        changes.apply(bob, request.pk)
    assert apply_due() == 0
    with time_machine.travel(window.ends_at, tick=False):
        assert apply_due() == 1
    assert currency(alder) == "USD"


def test_a_freeze_of_another_client_does_not_matter(
    alder: Client, birch: Client, bob: Actor, carol: Actor
) -> None:
    start = timezone.now() - timedelta(hours=1)
    Window.objects.create(name="x", mode="freeze", client_id=birch.pk, starts_at=start)
    assert approve(carol, propose(bob, alder, money=False)).status == "applied"
