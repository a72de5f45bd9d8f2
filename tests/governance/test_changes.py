"""A change request's life, by its services."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.actors import Actor, command_actor, task_actor
from governance.errors import (
    ApplyFailed,
    BadTransition,
    BaseMoved,
    ContentChanged,
    InvalidProposal,
    NotPermitted,
    PolicyMissing,
    SignatureRefused,
    UnknownKind,
)
from governance.models import AuditEntry, Change, ChangeRequest, Policy, Window
from governance.services import changes
from governance.services.details import awaiting_signature, request_detail
from governance.services.policies import ensure_default_policies, policy_for
from tenants.accounts.models import Client, User
from tests import actors
from tests.actors import Person
from tests.governance.conftest import KIND, Knob, proposal, propose

pytestmark = pytest.mark.usefixtures("governed")
Of = Callable[[Person], Actor]


def _approve(actor: Actor, request: ChangeRequest, comment: str = "") -> ChangeRequest:
    return changes.approve(actor, request.pk, content_hash=request.content_hash, comment=comment)


def _currency(client: Client) -> str:
    return Client.objects.get(pk=client.pk).currency


def _steps(request: ChangeRequest) -> list[str]:
    entries = AuditEntry.objects.filter(object_kind="change_request", object_id=str(request.pk))
    return list(entries.order_by("id").values_list("action", flat=True))


# --- proposing -----------------------------------------------------------------------


def test_a_proposal_waits_and_changes_nothing(alder: Client, bob: Actor) -> None:
    request = propose(bob, alder)
    assert request.status == "submitted"
    assert len(request.content_hash) == 64
    assert _currency(alder) == "EUR"
    change = request.changes.get()
    assert change.base_version == "EUR"
    assert change.diff == [["-", "currency: EUR"], ["+", "currency: USD"]]
    assert request.risk == {"touches_money": True, "notes": ["It alters an amount."]}
    assert _steps(request) == ["change.proposed"]


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
        _approve(alice, by_alices)


# --- signing -------------------------------------------------------------------------


def test_money_of_one_client_needs_staff_and_the_client(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    after_staff = _approve(carol, request, "Fine.")
    assert after_staff.status == "submitted"
    assert _currency(alder) == "EUR"
    assert request_detail(carol, request.pk).missing == ["the signature of Alder Consulting"]
    after_client = _approve(heidi, request)
    assert after_client.status == "applied"
    assert _currency(alder) == "USD"
    assert _steps(request) == [
        "change.proposed",
        "change.signed",
        "change.signed",
        "change.approved",
        "change.applied",
    ]


def test_the_client_may_sign_first(alder: Client, bob: Actor, carol: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    assert _approve(heidi, request).status == "submitted"
    assert _approve(carol, request).status == "applied"


def test_a_client_alone_is_not_enough(alder: Client, bob: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    _approve(heidi, request)
    with pytest.raises(SignatureRefused, match="already"):
        _approve(heidi, request)
    assert _currency(alder) == "EUR"


def test_what_does_not_touch_money_needs_one_approval_and_no_client(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder, money=False)
    with pytest.raises(SignatureRefused, match="does not need your company's"):
        _approve(heidi, request)
    assert _approve(carol, request).status == "applied"


def test_nobody_approves_or_rejects_their_own(alder: Client, alice: Actor) -> None:
    request = propose(alice, alder)
    with pytest.raises(SignatureRefused, match="somebody else"):
        _approve(alice, request)
    with pytest.raises(SignatureRefused, match="somebody else"):
        changes.reject(alice, request.pk, comment="No.")


def test_nobody_approves_what_they_edited_or_drafted(
    alder: Client, bob: Actor, alice: Actor, carol: Actor, heidi: Actor
) -> None:
    request = changes.edit(alice, propose(bob, alder).pk, changes=[proposal(alder, "GBP")])
    for writer in (alice, bob):
        with pytest.raises((SignatureRefused, NotPermitted)):
            _approve(writer, request)
    assert carol.id is not None
    drafted = changes.ProposedChange(
        kind=KIND,
        target_id=str(alder.pk),
        target_label="x",
        content={"currency": "CHF", "money": False},
        client_id=alder.pk,
        editor_ids=(carol.id,),
    )
    by_carol = changes.propose(bob, title="t", reason="r", changes=[drafted])
    with pytest.raises(SignatureRefused, match="You wrote this"):
        _approve(carol, by_carol)


def test_one_person_with_two_accounts_signs_once(
    alder: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Policy.objects.update(approvals=2, client_signature=False)
    request = propose(bob, alder)
    _approve(carol, request)
    # The database keeps addresses in lower case; another spelling is the same person.
    User.objects.filter(email=actors.ALICE.email).update(email=" CAROL@Partner.Example ")
    with pytest.raises(SignatureRefused, match="already"):
        _approve(alice, request)
    assert _currency(alder) == "EUR"


@pytest.mark.parametrize("kind", ["token", "task", "command", "operator", "system"])
def test_only_people_sign(alder: Client, bob: Actor, carol: Actor, kind: str) -> None:
    request = propose(bob, alder)
    pretender = Actor(kind, carol.id, "x", permissions=carol.permissions)  # type: ignore[arg-type]  # each kind in turn
    with pytest.raises(SignatureRefused, match="Only a person"):
        _approve(pretender, request)
    with pytest.raises(SignatureRefused, match="Only a person"):
        changes.reject(pretender, request.pk, comment="No.")


def test_a_dismissed_approver_cannot_sign_with_an_open_session(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    request = propose(bob, alder)
    User.objects.filter(email=actors.CAROL.email).update(is_active=False)
    with pytest.raises(SignatureRefused, match="no longer active"):
        _approve(carol, request)


def test_signing_needs_the_permission(alder: Client, alice: Actor, bob: Actor) -> None:
    request = propose(alice, alder)
    with pytest.raises(NotPermitted, match=r"changes\.approve"):
        _approve(bob, request)


def test_another_clients_people_do_not_know_that_it_exists(
    birch: Client, bob: Actor, heidi: Actor
) -> None:
    request = propose(bob, birch)
    for step in (
        lambda: _approve(heidi, request),
        lambda: changes.reject(heidi, request.pk, comment="No."),
        lambda: changes.withdraw(heidi, request.pk),
        lambda: changes.apply(heidi, request.pk),
        lambda: request_detail(heidi, request.pk),
    ):
        with pytest.raises(ChangeRequest.DoesNotExist):
            step()


def test_a_signature_names_exactly_what_was_read(alder: Client, bob: Actor, carol: Actor) -> None:
    request = propose(bob, alder, money=False)
    edited = changes.edit(bob, request.pk, changes=[proposal(alder, "GBP", money=False)])
    with pytest.raises(ContentChanged):
        _approve(carol, request)
    assert _approve(carol, edited).status == "applied"
    assert _currency(alder) == "GBP"


def test_an_edit_voids_signatures_and_the_same_content_again_does_not_revive_them(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    _approve(carol, request)
    changes.edit(bob, request.pk, changes=[proposal(alder, "GBP")])
    back = changes.edit(bob, request.pk, changes=[proposal(alder, "USD")])
    assert _approve(heidi, back).status == "submitted"
    detail = request_detail(heidi, request.pk)
    assert [one.person_key for one in detail.void_signatures] == ["carol@partner.example"]
    assert "no longer count" in detail.request.notice
    assert _currency(alder) == "EUR"


def test_content_altered_behind_our_back_cannot_be_signed_or_applied(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    Policy.objects.update(auto_apply=False)
    request = propose(bob, alder)
    _approve(carol, request)
    other = {"currency": "JPY", "money": True}
    Change.objects.filter(request=request).update(content=other)
    with pytest.raises(ContentChanged):
        _approve(heidi, request)
    ChangeRequest.objects.filter(pk=request.pk).update(status="approved")
    with pytest.raises(ContentChanged):
        changes.apply(bob, request.pk)
    assert _currency(alder) == "EUR"


def test_a_moved_base_voids_and_says_so(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    _approve(carol, request)
    Client.objects.filter(pk=alder.pk).update(currency="CHF")
    with pytest.raises(BaseMoved, match="version EUR, and version CHF is live"):
        _approve(heidi, request)
    voided = ChangeRequest.objects.get(pk=request.pk)
    assert voided.status == "submitted"
    assert "signature given no longer counts" in voided.notice
    assert voided.changes.get().diff[0] == ["-", "currency: CHF"]
    with pytest.raises(ContentChanged):
        _approve(heidi, request)
    assert _approve(heidi, voided).status == "submitted"
    assert _approve(carol, voided).status == "applied"
    assert "change.voided" in _steps(request)


# --- applying ------------------------------------------------------------------------


def test_what_was_and_what_became_is_recorded(alder: Client, bob: Actor, carol: Actor) -> None:
    request = _approve(carol, propose(bob, alder, money=False))
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
    request = _approve(carol, propose(bob, alder, money=False))
    assert request.status == "approved"
    assert _currency(alder) == "EUR"
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
    assert _currency(alder) == "EUR"


def test_applying_needs_the_permission(alder: Client, bob: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    with pytest.raises(NotPermitted, match=r"changes\.apply"):
        changes.apply(heidi, request.pk)


def test_a_stricter_policy_holds_for_what_was_approved_before(
    alder: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Policy.objects.update(auto_apply=False, client_signature=False)
    request = _approve(carol, propose(bob, alder))
    Policy.objects.update(approvals=2)
    with pytest.raises(BadTransition, match="more signatures"):
        changes.apply(bob, request.pk)


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
        _approve(carol, request)
    after = ChangeRequest.objects.get(pk=request.pk)
    assert after.status == "approved"
    assert after.notice == "Signed, but it could not be applied: The second one does not fit."
    assert (_currency(alder), _currency(second)) == ("EUR", "EUR")
    assert not after.changes.filter(before__isnull=False).exists()
    assert _steps(request)[-1] == "change.failed"
    governed.after_write = lambda: None
    assert changes.apply(bob, request.pk).status == "applied"
    assert (_currency(alder), _currency(second)) == ("USD", "USD")


def test_a_fault_of_an_applier_is_told_plainly_and_not_in_its_words(
    alder: Client, bob: Actor, carol: Actor, governed: Knob
) -> None:
    def fault() -> None:
        raise KeyError("internal detail")

    governed.after_write = fault
    with pytest.raises(ApplyFailed, match="unexpected error stopped Currency of Alder") as raised:
        _approve(carol, propose(bob, alder, money=False))
    assert "internal detail" not in str(raised.value)
    assert _currency(alder) == "EUR"


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
    request = _approve(carol, propose(bob, alder, money=False))
    assert request.status == "approved"
    assert "Month end" in ChangeRequest.objects.get(pk=request.pk).notice
    assert _currency(alder) == "EUR"
    Window.objects.filter(pk=window.pk).update(ends_at=now - timedelta(minutes=1))
    assert changes.apply(bob, request.pk).status == "applied"


def test_a_freeze_of_another_client_does_not_matter(
    alder: Client, birch: Client, bob: Actor, carol: Actor
) -> None:
    start = timezone.now() - timedelta(hours=1)
    Window.objects.create(name="x", mode="freeze", client_id=birch.pk, starts_at=start)
    assert _approve(carol, propose(bob, alder, money=False)).status == "applied"


# --- ending --------------------------------------------------------------------------


def test_a_rejection_says_why_and_ends_it(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    with pytest.raises(InvalidProposal, match="Write a comment"):
        changes.reject(heidi, request.pk, comment=" ")
    rejected = changes.reject(heidi, request.pk, comment="The rate is wrong.")
    assert (rejected.status, rejected.closed_comment) == ("rejected", "The rate is wrong.")
    with pytest.raises(BadTransition, match="is rejected"):
        _approve(carol, request)


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
        _approve(carol, lazily)
    assert ChangeRequest.objects.get(pk=lazily.pk).status == "expired"
    assert changes.expire_overdue() == 1
    assert ChangeRequest.objects.get(pk=swept.pk).status == "expired"
    assert _currency(alder) == "EUR"


# --- policies and views of it --------------------------------------------------------


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
    _approve(carol, money)
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
    for currency in ("GBP", "CHF", "JPY", "SEK"):
        propose(bob, alder, currency)
    assert statements() == one <= 6


def test_a_command_proposes_and_a_person_must_still_sign(alder: Client, carol: Actor) -> None:
    request = propose(command_actor("load_demo"), alder, money=False)
    assert request.author is None
    assert _approve(carol, request).status == "applied"
