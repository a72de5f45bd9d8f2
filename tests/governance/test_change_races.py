"""Change requests under several connections at once, and under a killed process."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from branding.models import ClientBrand, EvidenceReport
from branding.services import client_brand, reports
from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor, command_actor
from governance.errors import BadTransition, BaseMoved, ContentChanged, SignatureRefused
from governance.evidence import Period
from governance.models import Approval, AuditEntry, ChangeRequest, Policy
from governance.services import audit, changes, targets
from governance.services.policies import ensure_default_policies
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tenants.accounts.services.clients import add_client
from tenants.accounts.services.people import add_person
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles
from tenants.services.provisioning import provision_partner
from tests import actors
from tests.actors import Person
from tests.governance.governed import KIND, Knob, proposal, propose

WAIT = 20


@dataclass(frozen=True)
class Lab:
    """A partner whose rows are really committed, for tests of several connections."""

    partner: Partner
    client: Client
    alice: Actor
    bob: Actor
    carol: Actor
    dana: Actor
    heidi: Actor


_EXTRA = Person("Dana Reyes", "dana@partner.example", ("approver",))


def _make_lab() -> Lab:
    maker = command_actor("tests")
    made = provision_partner(
        maker,
        name="Governance Lab",
        slug="governance-lab",
        owner_email=actors.ALICE.email,
        owner_name=actors.ALICE.name,
    )
    with tenant_context(made.partner):
        ensure_default_policies()
        client = add_client(maker, name="Alder Consulting")
        for person in (actors.BOB, actors.CAROL, _EXTRA, actors.HEIDI):
            add_person(
                maker,
                email=person.email,
                name=person.name,
                roles=person.roles,
                client=client if person.client else None,
            )
        people = [actors.ALICE, actors.BOB, actors.CAROL, _EXTRA, actors.HEIDI]
        found = [actor_for(User.objects.get(email=person.email)) for person in people]
    return Lab(made.partner, client, *found)


def _drop_lab() -> None:
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
    partner = Partner.objects.filter(slug="governance-lab").first()
    if partner is None:
        return
    with roles.owner_connection() as owner:
        owner.execute(f'DROP SCHEMA IF EXISTS "{partner.schema_name}" CASCADE'.encode())
    Wakeup.objects.filter(schema_name=partner.schema_name).delete()
    Domain.objects.filter(tenant=partner).delete()
    partner.delete(force_drop=False)


@pytest.fixture(scope="module")
def made_lab(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, made once and dropped at the end."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        _drop_lab()
        lab = _make_lab()
    yield lab
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        _drop_lab()
        connection.close()


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """In this module the database without a transaction around the test.

    It has pytest-django's name so that this module, run alone, still gets a test database.
    """
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        yield


@pytest.fixture
def lab(db: None, made_lab: Lab, governed: Knob) -> Iterator[Lab]:
    """The lab, entered, with its client billed in EUR. What a test commits stays."""
    with tenant_context(made_lab.partner):
        Client.objects.filter(pk=made_lab.client.pk).update(currency="EUR")
        yield made_lab


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


def _wait_until_somebody_waits() -> None:
    """Return once another connection waits for a lock."""
    deadline = time.monotonic() + WAIT
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.01)
    pytest.fail("Nobody waited for the first one.")


def test_of_two_requests_about_one_object_the_second_is_voided(lab: Lab, governed: Knob) -> None:
    first = propose(lab.bob, lab.client, "USD", money=False)
    second = propose(lab.bob, lab.client, "GBP", money=False)
    written = threading.Event()

    def hold() -> None:
        """The first has written and not committed; go on when the second is at the lock."""
        if not written.is_set():
            written.set()
            _wait_until_somebody_waits()

    def sign_second() -> ChangeRequest:
        assert written.wait(WAIT)
        return _sign(lab.dana, second)()

    governed.after_write = hold
    applied, moved = _at_once(lab, _sign(lab.carol, first), sign_second)
    assert isinstance(applied, ChangeRequest)
    assert isinstance(moved, BaseMoved)
    assert _currency(lab) == "USD"


def test_who_asks_for_another_logo_and_who_signs_for_it_do_not_wait_for_each_other(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, target, client = client_brand.KIND, str(lab.client.pk), lab.client
    Policy.objects.filter(kind=kind).update(approvals=1, auto_apply=False)
    ClientBrand.objects.create(client=client, logo="first.png")
    other = changes.ProposedChange(kind, target, "Logo", {"logo": "second.png"}, client.pk)
    asked = changes.propose(lab.bob, title="Another logo", reason="r", changes=[other])
    signing, lock_targets = threading.Event(), targets.lock_targets

    def hold(wanted: Sequence[tuple[str, str]]) -> None:
        """The request is held and its object is not yet; go on when the other one waits."""
        if not signing.is_set():
            signing.set()
            _wait_until_somebody_waits()
        lock_targets(wanted)

    def remove() -> Client:
        assert signing.wait(WAIT)
        return client_brand.edit_client_brand(
            lab.alice,
            client,
            locale=client.locale,
            time_zone=client.time_zone,
            remove_logo=True,
        )

    monkeypatch.setattr("governance.services.requests.lock_targets", hold)
    signed, removed = _at_once(lab, _sign(lab.carol, asked), remove)
    assert isinstance(signed, ChangeRequest)
    assert isinstance(removed, Client)
    asked = ChangeRequest.objects.get(pk=asked.pk)
    assert (asked.status, asked.changes.get().content) == ("submitted", {"logo": ""})


def test_two_clicks_at_once_ask_for_one_report(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    until = timezone.now()
    period, asked = Period(until - timedelta(days=1), until), threading.Event()

    def hold() -> None:
        """The first has asked and not committed."""
        if not asked.is_set():
            asked.set()
            _wait_until_somebody_waits()

    def second() -> EvidenceReport:
        assert asked.wait(WAIT)
        return reports.ask_report(lab.alice, period, "pdf")

    monkeypatch.setattr(reports, "ring_bell", hold)
    first, late = _at_once(lab, lambda: reports.ask_report(lab.alice, period, "pdf"), second)
    assert isinstance(first, EvidenceReport)
    assert isinstance(late, BadTransition)
    assert EvidenceReport.objects.count() == 1


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
