"""Emergency changes go in at once, and are signed afterwards or taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from governance import appliers
from governance.actors import Actor
from governance.errors import InvalidProposal, NotPermitted, SignatureRefused
from governance.models import ChangeRequest, Policy, Window
from governance.services import changes
from governance.services.details import awaiting_signature, request_detail
from governance.services.emergencies import expire_unreviewed, review, rush
from governance.services.rollbacks import roll_back
from syncjobs.engine import doorbell
from tenants.accounts.models import Client
from tenants.outbox.models import OutgoingMail
from tests.governance.governed import MAPPING, Knob, approve, currency, propose, steps

pytestmark = pytest.mark.usefixtures("governed")


@pytest.fixture
def rushed(alder: Client, bob: Actor) -> ChangeRequest:
    """Bob made his own change live as an emergency, in the middle of a freeze."""
    start = timezone.now() - timedelta(hours=1)
    Window.objects.create(name="Month end", mode="freeze", starts_at=start)
    request = propose(bob, alder, money=False)
    return rush(bob, request.pk, content_hash=request.content_hash, reason="Posted twice.")


def test_it_is_live_at_once_and_says_so_to_everybody(
    alder: Client, rushed: ChangeRequest, bob: Actor, carol: Actor
) -> None:
    assert (rushed.status, currency(alder)) == ("applied", "USD")
    assert rushed.awaits_review
    assert steps(rushed) == ["change.proposed", "change.rushed", "change.applied"]
    assert [one.pk for one in awaiting_signature(carol)] == [rushed.pk]
    detail = request_detail(carol, rushed.pk)
    assert detail.can_sign
    assert detail.missing == ["1 approval by somebody who did not write it"]
    assert "not wait" not in request_detail(bob, rushed.pk).why_not
    mails = OutgoingMail.objects.filter(kind="approval_asked", key__endswith=" emergency")
    assert {mail.to for mail in mails} == {"alice@partner.example", "carol@partner.example"}


def test_somebody_else_reviews_it_and_nobody_their_own(
    rushed: ChangeRequest, bob: Actor, carol: Actor, alder: Client
) -> None:
    signed = Actor("person", bob.id, bob.label, permissions=bob.permissions | {"changes.approve"})
    with pytest.raises(SignatureRefused, match="You wrote this change"):
        review(signed, rushed.pk, content_hash=rushed.content_hash)
    done = review(carol, rushed.pk, content_hash=rushed.content_hash, comment="Right.")
    assert done.reviewed_at is not None
    with time_machine.travel(timezone.now() + timedelta(days=9), tick=False):
        assert expire_unreviewed() == 0
    assert currency(alder) == "USD"
    assert steps(rushed)[-2:] == ["change.signed", "change.reviewed"]


def test_whoever_declares_it_is_a_writer_too(alder: Client, bob: Actor, alice: Actor) -> None:
    request = propose(bob, alder, money=False)
    rush(alice, request.pk, content_hash=request.content_hash, reason="Now.")
    with pytest.raises(SignatureRefused, match="You wrote this change"):
        review(alice, request.pk, content_hash=request.content_hash)


def test_unreviewed_it_is_taken_back_by_itself(alder: Client, rushed: ChangeRequest) -> None:
    assert rushed.review_due_at is not None
    with time_machine.travel(rushed.review_due_at, tick=False):
        assert expire_unreviewed() == 1
        assert expire_unreviewed() == 0
    after = ChangeRequest.objects.get(pk=rushed.pk)
    assert (after.status, currency(alder)) == ("rolled_back", "EUR")
    back = after.rollbacks.get()
    assert (back.author_label, back.status) == ("System", "applied")
    assert "Nobody reviewed" in back.reason


def test_what_cannot_be_taken_back_escalates_and_can_still_be_reviewed(
    alder: Client, rushed: ChangeRequest, carol: Actor
) -> None:
    Client.objects.filter(pk=alder.pk).update(currency="GBP")  # something newer stands on it
    assert rushed.review_due_at is not None
    with time_machine.travel(rushed.review_due_at, tick=False):
        assert expire_unreviewed() == 1
        assert expire_unreviewed() == 0
    after = ChangeRequest.objects.get(pk=rushed.pk)
    assert after.escalated_at is not None
    assert "has changed since" in after.notice
    assert currency(alder) == "GBP"
    assert OutgoingMail.objects.filter(key__endswith="emergency late").count() == 2
    assert review(carol, after.pk, content_hash=after.content_hash).reviewed_at is not None


def test_a_policy_can_know_no_emergencies(alder: Client, bob: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    with pytest.raises(InvalidProposal, match="what the emergency is"):
        rush(bob, request.pk, content_hash=request.content_hash, reason=" ")
    for actor in (heidi, Actor("token", 1, "CI", permissions=bob.permissions, person_id=bob.id)):
        with pytest.raises(NotPermitted):
            rush(actor, request.pk, content_hash=request.content_hash, reason="Now.")
    Policy.objects.update(review_within_hours=None)
    with pytest.raises(InvalidProposal, match="knows no emergencies"):
        rush(bob, request.pk, content_hash=request.content_hash, reason="Now.")
    assert (currency(alder), changes.withdraw(bob, request.pk).status) == ("EUR", "withdrawn")


def test_asking_for_a_roll_back_does_not_keep_it_live(
    alder: Client, rushed: ChangeRequest, bob: Actor
) -> None:
    asked = roll_back(bob, rushed.pk, reason="Later, perhaps.")
    assert rushed.review_due_at is not None
    with time_machine.travel(rushed.review_due_at, tick=False):
        assert expire_unreviewed() == 1
    assert currency(alder) == "EUR"
    assert ChangeRequest.objects.get(pk=rushed.pk).status == "rolled_back"
    asked.refresh_from_db()
    assert (asked.status, asked.closed_by_label) == ("withdrawn", "System")
    assert steps(asked)[-1] == "change.withdrawn"


@pytest.fixture
def numbered(governed: Knob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version has a number of its own, also one that comes back."""
    written: list[int] = []
    governed.after_write = lambda: written.append(1)
    applier = replace(appliers._registry[MAPPING], base_version=lambda _: str(len(written)))
    monkeypatch.setitem(appliers._registry, MAPPING, applier)


def test_it_goes_back_as_soon_as_nothing_stands_on_it_any_more(
    numbered: None, alder: Client, rushed: ChangeRequest, alice: Actor, bob: Actor, carol: Actor
) -> None:
    asked = roll_back(bob, rushed.pk, reason="Later, perhaps.")
    newer = propose(alice, alder, "GBP", money=False)
    due = rushed.review_due_at
    assert due is not None
    with time_machine.travel(due - timedelta(hours=1), tick=False):
        rush(alice, newer.pk, content_hash=newer.content_hash, reason="Now.")
    for hours in (0, 1):
        with time_machine.travel(due + timedelta(hours=hours), tick=False):
            assert (expire_unreviewed(), expire_unreviewed()) == (1, 0)
        assert currency(alder) == "GBP"
    assert ChangeRequest.objects.get(pk=asked.pk).status == "submitted"
    doorbell.touch()
    wait = doorbell.settle()  # the worker comes again an hour after the last try
    assert wait is not None
    assert 25.9 < wait / 3600 <= 26
    assert steps(rushed).count("change.escalated") == 1
    Window.objects.update(active=False)
    assert approve(carol, roll_back(alice, newer.pk, reason="Wrong.")).status == "applied"
    with time_machine.travel(due + timedelta(hours=2), tick=False):
        assert (expire_unreviewed(), currency(alder)) == (1, "EUR")
    assert ChangeRequest.objects.get(pk=rushed.pk).status == "rolled_back"
