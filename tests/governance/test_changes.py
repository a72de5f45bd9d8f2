"""Proposing a change, ending it, and the policies that govern it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.actors import Actor, command_actor, task_actor
from governance.errors import (
    BadTransition,
    InvalidProposal,
    NotPermitted,
    PolicyMissing,
    SignatureRefused,
    UnknownKind,
)
from governance.models import ChangeRequest, Policy
from governance.services import changes
from governance.services.details import awaiting_signature, request_detail
from governance.services.policies import ensure_default_policies, policy_for
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.governance.governed import KIND, approve, currency, proposal, propose, steps

pytestmark = pytest.mark.usefixtures("governed")
Of = Callable[[Person], Actor]


def test_a_proposal_waits_and_changes_nothing(alder: Client, bob: Actor) -> None:
    request = propose(bob, alder)
    assert request.status == "submitted"
    assert len(request.content_hash) == 64
    assert currency(alder) == "EUR"
    change = request.changes.get()
    assert change.base_version == "EUR"
    assert change.diff == [["-", "currency: EUR"], ["+", "currency: USD"]]
    assert request.risk == {
        "touches_money": True,
        "weakens": False,
        "approvals": 0,
        "roles": [],
        "notes": ["It alters an amount."],
    }
    assert steps(request) == ["change.proposed"]


def test_proposing_needs_the_permission(alder: Client, carol: Actor) -> None:
    with pytest.raises(NotPermitted, match=r"changes\.propose"):
        propose(carol, alder)


@pytest.mark.parametrize(("title", "reason"), [("", "r"), ("t", " ")])
def test_a_proposal_says_what_and_why(alder: Client, bob: Actor, title: str, reason: str) -> None:
    with pytest.raises(InvalidProposal):
        changes.propose(bob, title=title, reason=reason, changes=[proposal(alder, "USD")])


def test_a_proposal_is_of_one_client_and_each_object_once(
    alder: Client, birch: Client, bob: Actor
) -> None:
    for several in ([], [proposal(alder, "USD"), proposal(birch, "USD")]):
        with pytest.raises(InvalidProposal):
            changes.propose(bob, title="t", reason="r", changes=several)
    with pytest.raises(InvalidProposal, match="only one change"):
        changes.propose(bob, title="t", reason="r", changes=[proposal(alder, "USD")] * 2)
    assert not ChangeRequest.objects.exists()


def test_an_unknown_kind_and_one_without_a_policy_are_refused(alder: Client, bob: Actor) -> None:
    with pytest.raises(UnknownKind):
        changes.propose(
            bob, title="t", reason="r", changes=[proposal(alder, "USD", kind="unheard_of")]
        )
    Policy.objects.all().delete()
    with pytest.raises(PolicyMissing, match=KIND):
        changes.propose(bob, title="t", reason="r", changes=[proposal(alder, "USD", kind=KIND)])
    assert not ChangeRequest.objects.exists()


def test_a_token_proposes_for_its_maker_and_an_unknown_makers_not_at_all(
    alder: Client, bob: Actor, alice: Actor
) -> None:
    scopes = frozenset({"changes.propose"})
    with pytest.raises(NotPermitted, match="no maker"):
        propose(Actor("token", 1, "CI", permissions=scopes), alder)
    by_alices = propose(Actor("token", 1, "CI", permissions=scopes, person_id=alice.id), alder)
    with pytest.raises(SignatureRefused, match="You wrote this"):
        approve(alice, by_alices)


def test_a_rejection_says_why_and_ends_it(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    with pytest.raises(InvalidProposal, match="Write a comment"):
        changes.reject(heidi, request.pk, comment=" ")
    rejected = changes.reject(heidi, request.pk, comment="The rate is wrong.")
    assert (rejected.status, rejected.closed_comment) == ("rejected", "The rate is wrong.")
    with pytest.raises(BadTransition, match="is rejected"):
        approve(carol, request)


def test_only_its_writers_withdraw_it(alder: Client, bob: Actor, alice: Actor) -> None:
    request = propose(bob, alder)
    with pytest.raises(NotPermitted, match="wrote this change"):
        changes.withdraw(alice, request.pk)
    assert changes.withdraw(bob, request.pk, comment="Not needed.").status == "withdrawn"
    by_task = propose(task_actor("upgrade"), alder)
    assert changes.withdraw(alice, by_task.pk).status == "withdrawn"


def test_a_request_that_nobody_signs_in_time_expires(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    lazily, swept = propose(bob, alder), propose(bob, alder, "GBP")
    assert lazily.expires_at is not None
    assert changes.expire_overdue() == 0
    ChangeRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(BadTransition, match="expired"):
        approve(carol, lazily)
    assert ChangeRequest.objects.get(pk=lazily.pk).status == "expired"
    assert changes.expire_overdue() == 1
    assert ChangeRequest.objects.get(pk=swept.pk).status == "expired"
    assert currency(alder) == "EUR"


def test_the_starting_policies_are_made_once_and_never_altered(alice: Actor) -> None:
    before = list(Policy.objects.order_by("pk").values())
    assert ensure_default_policies() == []
    assert list(Policy.objects.order_by("pk").values()) == before
    money = policy_for("mapping_version", touches_money=True)
    assert (money.approvals, money.client_signature) == (1, True)
    for kind, touches in (("mapping_version", False), ("workflow", True), ("tier", False)):
        other = policy_for(kind, touches_money=touches)
        assert (other.approvals, other.client_signature) == (1, False)


def test_the_most_exact_policy_wins(alice: Actor) -> None:
    Policy.objects.create(kind="workflow", touches_money=None, approvals=2)
    Policy.objects.create(kind="*", touches_money=True, approvals=3)
    Policy.objects.create(kind="workflow", touches_money=True, approvals=4)
    assert policy_for("workflow", touches_money=True).approvals == 4
    assert policy_for("workflow", touches_money=False).approvals == 2
    assert policy_for("tier", touches_money=True).approvals == 3


def test_everybody_sees_what_waits_for_them(
    alder: Client, birch: Client, bob: Actor, carol: Actor, heidi: Actor, actor: Of
) -> None:
    money, routine = propose(bob, alder), propose(bob, alder, "GBP", money=False)
    theirs = propose(bob, birch)
    assert awaiting_signature(carol) == [money, routine, theirs]
    assert awaiting_signature(heidi) == [money]
    assert awaiting_signature(bob) == []
    approve(carol, money)
    assert awaiting_signature(carol) == [routine, theirs]
    grace = actor(actors.GRACE)
    assert not request_detail(grace, money.pk).can_sign
    assert request_detail(carol, money.pk).conflicts == [routine]
    assert request_detail(heidi, money.pk).why_not == ""


def test_counting_what_waits_costs_the_same_for_one_and_for_many(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            awaiting_signature(carol)
        return len([one for one in captured if not one["sql"].startswith("SET ")])

    propose(bob, alder)
    one = statements()
    for other in ("GBP", "CHF", "JPY", "SEK"):
        propose(bob, alder, other)
    assert statements() == one <= 7


def test_a_command_proposes_and_a_person_must_still_sign(alder: Client, carol: Actor) -> None:
    request = propose(command_actor("load_demo"), alder, money=False)
    assert request.author is None
    assert approve(carol, request).status == "applied"
