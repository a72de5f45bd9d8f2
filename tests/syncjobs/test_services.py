"""What people do: who may, what changes, and that it is audited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from branding.models import UsageDay
from governance.actors import Actor
from governance.errors import BadTransition, NotPermitted
from governance.models import AuditEntry
from syncjobs.connectors.errors import Transient, Unknown
from syncjobs.models import Connection, Delivery, Issue, Run
from syncjobs.services.catalogue import CATALOGUE, explain
from syncjobs.services.connections import (
    change_credentials,
    create_connection,
    set_enabled,
)
from syncjobs.services.deliveries import (
    cancel_delivery,
    replay_delivery,
    retry_delivery,
    skip_delivery,
    verdict_of,
    verdicts_of,
)
from syncjobs.services.issues import (
    Retried,
    assign_issue,
    comment_issue,
    resolve_issue,
    retry_issue,
)
from syncjobs.services.runs import cancel_run
from syncjobs.services.secrets import open_sealed, place_of
from syncjobs.services.workflows import dry_run, pause_workflow, resume_workflow, run_now
from tenants.accounts.models import Client, User
from tenants.context import current_schema
from tenants.models import Wakeup
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab, failed, step

SECRET = "canary-secret-4711"


def _connect(actor: Actor, client: Client, **changes: Any) -> Connection:
    given: dict[str, Any] = {
        "connector": "sandbox_crm",
        "name": "CRM",
        "config": {"base_url": "http://127.0.0.1:9"},
        "secret": {"token": SECRET},
        **changes,
    }
    return create_connection(actor, client=client, **given)


def test_a_connection_keeps_its_secret_sealed_and_out_of_the_trail(
    alder: Client, bob: Actor
) -> None:
    made = _connect(bob, alder)
    stored = Connection.objects.get(pk=made.pk)
    assert SECRET not in stored.secret
    assert open_sealed(stored.secret, aad=place_of(stored)) == {"token": SECRET}
    assert stored.state == "untested"
    assert SECRET not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("changes", [{"secret": {}}, {"config": {}}])
def test_a_connection_without_what_its_system_asks_for_is_refused(
    alder: Client, bob: Actor, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="is missing"):
        _connect(bob, alder, **changes)


def test_two_connections_of_a_client_have_two_names(alder: Client, bob: Actor) -> None:
    _connect(bob, alder)
    with pytest.raises(ValidationError, match="already"):
        _connect(bob, alder)


def test_only_who_may_manage_connections_does(
    alder: Client, actor: Callable[[Person], Actor]
) -> None:
    for person in (actors.DAVE, actors.FRANK, actors.GRACE):
        with pytest.raises(NotPermitted):
            _connect(actor(person), alder)


def test_new_credentials_must_be_tested_and_old_ones_are_gone(alder: Client, bob: Actor) -> None:
    made = _connect(bob, alder)
    Connection.objects.filter(pk=made.pk).update(state="refused")
    Wakeup.objects.update(due_at=None, lease_until=None)
    config = {"base_url": "http://127.0.0.1:10"}
    change_credentials(bob, made, config=config, secret={"token": "new"})
    made.refresh_from_db()
    assert Wakeup.objects.get(schema_name=current_schema()).due_at, "what waited is due"
    assert (made.state, made.config) == ("untested", config)
    assert open_sealed(made.secret, aad=place_of(made)) == {"token": "new"}


def test_a_new_address_keeps_the_credentials(alder: Client, bob: Actor) -> None:
    made = _connect(bob, alder)
    change_credentials(bob, made, config={"base_url": "http://127.0.0.1:11"}, secret={})
    made.refresh_from_db()
    assert open_sealed(made.secret, aad=place_of(made)) == {"token": SECRET}


@pytest.mark.parametrize("address", ["http://evil.example:9", "https://127.0.0.1:9"])
def test_stored_credentials_are_not_sent_to_another_host(
    alder: Client, bob: Actor, address: str
) -> None:
    made = _connect(bob, alder)
    with pytest.raises(ValidationError, match="enter its credentials again"):
        change_credentials(bob, made, config={"base_url": address}, secret={})
    change_credentials(bob, made, config={"base_url": address}, secret={"token": "new"})
    made.refresh_from_db()
    assert open_sealed(made.secret, aad=place_of(made)) == {"token": "new"}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://[", "not well formed"),
        ("http://127.0.0.1@evil.example/", "must not hold a user name"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_with_any_credentials(
    alder: Client, bob: Actor, address: str, said: str
) -> None:
    made = _connect(bob, alder)
    for secret in ({}, {"token": "new"}):
        with pytest.raises(ValidationError, match=said):
            change_credentials(bob, made, config={"base_url": address}, secret=secret)


def test_a_wrong_master_key_says_what_to_do_and_loses_nothing(
    alder: Client, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _connect(bob, alder)
    with monkeypatch.context() as wrong:
        wrong.setattr(settings, "MASTER_KEY", b"x" * 32)
        with pytest.raises(ValidationError, match="previous master keys"):
            _connect(bob, alder, name="Second")
        with pytest.raises(ValidationError, match="previous master keys"):
            change_credentials(bob, made, config=made.config, secret={"token": "new"})
    assert open_sealed(made.secret, aad=place_of(made)) == {"token": SECRET}


def test_a_connection_that_is_switched_off_is_neither_read_nor_written(
    lab: Lab, bob: Actor
) -> None:
    set_enabled(bob, lab.target_connection, enabled=False, reason="Maintenance")
    lab.put_customer("1")
    lab.drain()
    assert lab.delivery("C-1").state == "pending"
    set_enabled(bob, lab.target_connection, enabled=True)
    lab.drain()
    assert lab.target.created("C-1") == 1


def test_retry_sends_again_and_resolves_the_exception(lab: Lab, dave: Actor) -> None:
    (delivery,) = failed(lab, "1")
    assert verdict_of(delivery).answer == "safe"
    retry_delivery(dave, delivery, reason="Unblocked there")
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"
    assert Issue.objects.get().state == "resolved"
    assert AuditEntry.objects.get(action="delivery.retried").reason == "Unblocked there"


def test_retry_of_an_unknown_outcome_asks_the_target_first(lab: Lab, dave: Actor) -> None:
    lab.target.fail_after = [Unknown("lost")]
    lab.put_customer("1")
    lab.drain()
    delivery = lab.delivery("C-1")
    assert verdict_of(delivery).answer in ("safe", "verify")
    retry_delivery(dave, delivery)
    lab.drain()
    assert (lab.target.look_ups, lab.target.created("C-1")) == (1, 1)


@pytest.mark.parametrize(
    ("service", "state"), [(cancel_delivery, "cancelled"), (skip_delivery, "skipped")]
)
def test_giving_up_needs_a_reason_and_ends_it(
    lab: Lab, dave: Actor, service: Callable[..., None], state: str
) -> None:
    (delivery,) = failed(lab, "1")
    with pytest.raises(ValidationError):
        service(dave, delivery, reason=" ")
    service(dave, delivery, reason="Not ours")
    ended = lab.delivery("C-1")
    assert (ended.state, ended.outcome, ended.issue_id) == (state, "Not ours", None)
    assert Issue.objects.get().state == "resolved"
    with pytest.raises(BadTransition):
        service(dave, delivery, reason="Again")


def test_nobody_but_those_who_work_exceptions_touches_deliveries(
    lab: Lab, actor: Callable[[Person], Actor]
) -> None:
    (delivery,) = failed(lab, "1")
    for person in (actors.FRANK, actors.IVAN, actors.MALLORY):
        for service in (retry_delivery, cancel_delivery, skip_delivery, replay_delivery):
            with pytest.raises(NotPermitted):
                service(actor(person), delivery, reason="x")
    assert lab.delivery("C-1").state == "failed"


def test_replaying_what_is_there_writes_nothing_and_costs_nothing(lab: Lab, dave: Actor) -> None:
    lab.put_customer("1")
    lab.drain()
    delivery = lab.delivery("C-1")
    assert verdict_of(delivery).effect == "Writes nothing."
    assert replay_delivery(dave, delivery, reason="Checking").new == 1
    lab.drain()
    assert len(lab.target.effects) == 1
    assert lab.delivery("C-1").state == "unchanged"
    assert UsageDay.objects.get().quantity == 1
    assert Run.objects.get(kind="replay").state == "succeeded"


def test_the_verdicts_of_many_are_those_of_each_and_cost_as_few_queries_as_those_of_two(
    lab: Lab, django_assert_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    lab.put_customer("1")
    lab.drain()
    failed(lab, "2", "3")
    Delivery.objects.filter(record__key="C-3").update(verify=True)
    rows = Delivery.objects.order_by("id")
    each = [verdict_of(one) for one in rows]
    assert [one.effect for one in each][:2] == ["Writes nothing.", "Creates the record."]
    assert each[2].effect == "Creates the record at most once."
    for most in (2, 3):
        found = list(rows.all()[:most])
        with django_assert_num_queries(5):
            assert verdicts_of(found) == each[:most]
    assert verdicts_of([]) == []


def test_retrying_an_exception_retries_all_that_it_stops(lab: Lab, dave: Actor) -> None:
    failed(lab, "1", "2", "3")
    assert retry_issue(dave, Issue.objects.get()) == Retried(3, left=0)
    lab.drain()
    assert [lab.target.created(f"C-{n}") for n in (1, 2, 3)] == [1, 1, 1]
    assert Issue.objects.get().state == "resolved"


def test_an_exception_has_an_owner_comments_and_a_note(lab: Lab, dave: Actor) -> None:
    failed(lab, "1")
    issue = Issue.objects.get()
    me = User.objects.get(email=actors.DAVE.email)
    assign_issue(dave, issue, me)
    comment_issue(dave, issue, "Asked their finance.")
    issue.refresh_from_db()
    assert (issue.state, issue.owner) == ("assigned", me)
    resolve_issue(dave, issue, reason="They unblocked it.")
    issue.refresh_from_db()
    assert (issue.state, issue.resolution) == ("resolved", "They unblocked it.")
    kinds = list(issue.entries.order_by("id").values_list("kind", flat=True))
    assert kinds == ["occurrence", "decision", "comment", "decision"]
    with pytest.raises(BadTransition):
        resolve_issue(dave, issue, reason="Twice")


def test_an_exception_is_not_given_to_another_clients_person(lab: Lab, dave: Actor) -> None:
    failed(lab, "1")
    with pytest.raises(ValidationError):
        assign_issue(dave, Issue.objects.get(), User.objects.get(email=actors.MALLORY.email))


def test_every_kind_of_exception_says_why_and_what_to_do(lab: Lab) -> None:
    failed(lab, "1")
    told = explain(Issue.objects.get())
    assert "It is blocked." in told.why
    assert told.next_step
    for entry in CATALOGUE.values():
        assert entry.explanation.endswith(".")
        assert entry.next_step.endswith(".")


def test_cancelling_a_run_gives_up_what_was_not_written(lab: Lab, bob: Actor) -> None:
    failed(lab, "1", "2")
    run = Run.objects.get(kind="workflow", failed__gt=0)
    assert cancel_run(bob, run, reason="Wrong month") >= 1
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not Delivery.objects.filter(run=run, state="failed").exists()


def test_pausing_twice_is_refused_in_plain_words(lab: Lab, bob: Actor) -> None:
    pause_workflow(bob, lab.workflow, reason="x")
    with pytest.raises(BadTransition, match="This workflow is paused"):
        pause_workflow(bob, lab.workflow, reason="x")
    with pytest.raises(BadTransition, match="paused"):
        run_now(bob, lab.workflow)
    resume_workflow(bob, lab.workflow)


def test_run_now_reads_the_sources_at_once(lab: Lab, bob: Actor) -> None:
    lab.drain()
    lab.workflow.bindings = {"crm": lab.source_connection.pk}
    lab.workflow.save()
    lab.put_customer("1")
    run = run_now(bob, lab.workflow)
    assert "1 sources are read now" in run.message
    from syncjobs.engine.drain import drain

    drain(systems=lab.systems())
    assert lab.target.created("C-1") == 1


@pytest.fixture
def two_steps(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The lab, with a second step into another object after the first; its target is tried."""
    monkeypatch.setattr("syncjobs.services.workflows.Systems", lab.systems)
    other = {"role": "erp", "object": "others", "connection": lab.target_connection.pk}
    first = step("customer", lab.target_connection, label="First", gates=[NAMED])
    second = step("second", lab.target_connection, label="Second", after=["customer"], target=other)
    lab.replace_workflow([first, second])
    return lab


NAMED = {
    "name": "named",
    "require": [{"path": "name", "op": "not_equals", "value": "?", "missing": "a name of {key}"}],
}


def test_a_dry_run_shows_a_later_step_as_if_those_before_were_done(
    two_steps: Lab, bob: Actor
) -> None:
    pause_workflow(bob, two_steps.workflow, reason="Trying first")
    two_steps.put_customer("1")
    two_steps.drain()
    rows = dry_run(bob, two_steps.workflow)
    assert [(one.step, one.path, one.problem) for one in rows] == [
        ("First", "/things", ""),
        ("Second", "/others", ""),
    ]


def test_a_dry_run_after_a_retry_says_of_no_step_that_it_waits_for_one_that_is_done(
    two_steps: Lab, bob: Actor
) -> None:
    two_steps.target.fail_before = [None, Transient("Busy.")]
    two_steps.put_customer("1")
    two_steps.drain()
    assert two_steps.delivery("C-1", "second").state == "retrying"
    (row,) = dry_run(bob, two_steps.workflow)
    assert (row.step, row.path, row.problem) == ("Second", "/others", "")


def test_a_dry_run_says_that_a_step_waits_for_one_that_is_held(two_steps: Lab, bob: Actor) -> None:
    two_steps.put_customer("1", name="?")
    two_steps.drain()
    rows = dry_run(bob, two_steps.workflow)
    assert sorted((one.step, one.problem) for one in rows) == [
        ("First", "Missing: a name of C-1"),
        ("Second", "Waits for an earlier step."),
    ]


def test_a_dry_run_shows_each_request_and_sends_and_changes_nothing(
    lab: Lab, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.services.workflows.Systems", lab.systems)
    pause_workflow(bob, lab.workflow, reason="Trying first")
    lab.put_customer("1")
    lab.drain()
    before = Delivery.objects.get().updated_at
    (row,) = dry_run(bob, lab.workflow)
    assert (row.record, row.method, row.body) == ("C-1", "POST", {"no": "C-1", "name": "Name 1"})
    assert not lab.target.effects
    assert Delivery.objects.get().updated_at == before
    assert not Run.objects.filter(kind="dry_run").exists()
