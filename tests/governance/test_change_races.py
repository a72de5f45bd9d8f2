"""Change requests under several connections at once, and under a killed process."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor
from governance.errors import BadTransition, BaseMoved, ContentChanged, SignatureRefused
from governance.models import Approval, AuditEntry, ChangeRequest, Policy
from governance.services import audit, changes
from tenants.accounts.models import Client
from tests.governance.conftest import KIND, Knob, Lab, proposal, propose

WAIT = 20


def _at_once(lab: Lab, *jobs: Callable[[], object]) -> list[object]:
    """Run the jobs on connections of their own, started together; return what each gave."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            with tenant_context(lab.partner):
                barrier.wait(WAIT)
                return job()
        except Exception as error:  # given back to the test, which judges it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def _sign(actor: Actor, request: ChangeRequest) -> Callable[[], ChangeRequest]:
    return lambda: changes.approve(actor, request.pk, content_hash=request.content_hash)


def _currency(lab: Lab) -> str:
    return Client.objects.get(pk=lab.client.pk).currency


def _applied(request: ChangeRequest) -> int:
    return AuditEntry.objects.filter(
        action="change.applied", object_kind="change_request", object_id=str(request.pk)
    ).count()


def test_two_approvers_at_the_same_instant_apply_it_once(lab: Lab) -> None:
    request = propose(lab.bob, lab.client, money=False)
    results = _at_once(lab, _sign(lab.carol, request), _sign(lab.dana, request))
    statuses = [one.status for one in results if isinstance(one, ChangeRequest)]
    refused = [one for one in results if isinstance(one, Exception)]
    assert "applied" in statuses
    assert all(isinstance(one, BadTransition) for one in refused)
    assert _applied(request) == 1
    assert _currency(lab) == "USD"


def test_two_that_are_both_needed_are_both_counted(lab: Lab) -> None:
    request = propose(lab.bob, lab.client)
    results = _at_once(lab, _sign(lab.carol, request), _sign(lab.heidi, request))
    assert not [one for one in results if isinstance(one, Exception)]
    assert ChangeRequest.objects.get(pk=request.pk).status == "applied"
    assert _applied(request) == 1
    assert Approval.objects.filter(request=request).count() == 2


def test_one_person_in_eight_windows_signs_once(lab: Lab) -> None:
    request = propose(lab.bob, lab.client)
    results = _at_once(lab, *[_sign(lab.carol, request)] * 8)
    refused = [one for one in results if isinstance(one, SignatureRefused)]
    assert len(refused) == 7
    assert Approval.objects.filter(request=request).count() == 1
    assert _currency(lab) == "EUR"


def test_an_edit_and_a_signature_at_once_never_apply_unread_content(lab: Lab) -> None:
    request = propose(lab.bob, lab.client, "USD", money=False)
    results = _at_once(
        lab,
        _sign(lab.carol, request),
        lambda: changes.edit(
            lab.bob, request.pk, changes=[proposal(lab.client, "GBP", money=False)]
        ),
    )
    signed, edited = results
    if isinstance(edited, BadTransition):  # it was live already, as it had been read
        assert _currency(lab) == "USD"
    else:  # the signature came too late, or became void before anything went in
        assert isinstance(signed, ContentChanged | ChangeRequest)
        assert ChangeRequest.objects.get(pk=request.pk).status == "submitted"
        assert _currency(lab) == "EUR"


def test_of_two_requests_about_one_object_the_second_is_voided(lab: Lab) -> None:
    first = propose(lab.bob, lab.client, "USD", money=False)
    second = propose(lab.bob, lab.client, "GBP", money=False)
    results = _at_once(lab, _sign(lab.carol, first), _sign(lab.dana, second))
    moved = [one for one in results if isinstance(one, BaseMoved)]
    applied = [one for one in results if isinstance(one, ChangeRequest)]
    assert (len(moved), len(applied)) == (1, 1)
    assert _currency(lab) == applied[0].changes.get().content["currency"]


def test_applied_twice_at_once_goes_in_once(lab: Lab) -> None:
    Policy.objects.create(kind=KIND, touches_money=False, auto_apply=False)
    try:
        request = changes.propose(
            lab.bob,
            title="t",
            reason="r",
            changes=[proposal(lab.client, "USD", kind=KIND, money=False)],
        )
        _sign(lab.carol, request)()
        results = _at_once(lab, *[lambda: changes.apply(lab.bob, request.pk)] * 4)
    finally:
        Policy.objects.filter(kind=KIND).delete()
    assert sum(isinstance(one, ChangeRequest) for one in results) == 1
    assert sum(isinstance(one, BadTransition) for one in results) == 3
    assert _applied(request) == 1


def _in_a_process_that_dies(lab: Lab, job: Callable[[], object]) -> int:
    """Fork, run `job` on a connection of its own, and return how the process ended."""
    connection.close()  # a socket that two processes share would be closed by the first
    child = os.fork()
    if child == 0:
        try:
            with tenant_context(lab.partner):
                job()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    connection.set_tenant(lab.partner)  # type: ignore[attr-defined]  # the tenant backend's
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def test_a_process_killed_in_the_middle_of_applying_leaves_nothing(
    lab: Lab, governed: Knob
) -> None:
    governed.after_write = lambda: os.kill(os.getpid(), signal.SIGKILL)
    request = propose(lab.bob, lab.client, money=False)
    ended = _in_a_process_that_dies(lab, _sign(lab.carol, request))
    assert ended == signal.SIGKILL
    governed.after_write = lambda: None
    after = ChangeRequest.objects.get(pk=request.pk)
    assert after.status == "approved"
    assert after.changes.get().before is None
    assert _applied(request) == 0
    assert _currency(lab) == "EUR"
    assert changes.apply(lab.bob, request.pk).status == "applied"
    assert _currency(lab) == "USD"


def test_a_void_outlives_the_refusal_that_it_causes(lab: Lab) -> None:
    request = propose(lab.bob, lab.client, money=False)
    with transaction.atomic():
        Client.objects.filter(pk=lab.client.pk).update(currency="CHF")
    with pytest.raises(BaseMoved):
        _sign(lab.carol, request)()
    (kept,) = _at_once(lab, lambda: ChangeRequest.objects.get(pk=request.pk).revision)
    assert kept == 2


def test_eight_writers_leave_every_entry(lab: Lab) -> None:
    def write(number: int) -> Callable[[], None]:
        def run() -> None:
            for at in range(100):
                audit.record(CHANGE_PROPOSED, object_kind=f"race{number}", object_id=at)

        return run

    results = _at_once(lab, *[write(number) for number in range(8)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert AuditEntry.objects.filter(object_kind__startswith="race").count() == 800
