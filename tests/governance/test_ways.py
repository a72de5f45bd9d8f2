"""Windows, schedules, roll-backs, sets, and working alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from governance import impact
from governance.actors import Actor
from governance.entities import read_entities
from governance.errors import (
    BadTransition,
    ContentChanged,
    Frozen,
    InvalidProposal,
    NotPermitted,
    OutsideWindow,
    SignatureRefused,
)
from governance.impact import Assessment, Assessor
from governance.models import AuditEntry, Change, ChangeRequest, Policy, Window
from governance.services import changes, impacts
from governance.services.details import request_detail
from governance.services.entities import limit
from governance.services.policy_changes import propose_policy, terms_of
from governance.services.rollbacks import roll_back
from governance.services.schedule import apply_due, hold, schedule
from governance.services.sets import join
from governance.services.solo import approve_alone
from governance.windows import Stretch, covers, next_release, usual_moments
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tenants.accounts.services.people import add_person, set_roles
from tenants.models import Wakeup
from tests import actors
from tests.governance.governed import (
    KIND,
    MAPPING,
    Knob,
    approve,
    currency,
    proposal,
    propose,
    steps,
)

pytestmark = pytest.mark.usefixtures("governed")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = Stretch(
    "Nights", "Europe/Berlin", weekdays=(1, 3), from_time=time(22), to_time=time(2)
)  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 11, 24, 21, 59, tzinfo=BERLIN), False),  # a Tuesday
        (datetime(2026, 11, 24, 22, 0, tzinfo=BERLIN), True),
        (datetime(2026, 11, 25, 1, 59, tzinfo=BERLIN), True),  # Tuesday's night
        (datetime(2026, 11, 25, 22, 30, tzinfo=BERLIN), False),
        (datetime(2026, 11, 24, 1, 0, tzinfo=BERLIN), False),  # Monday's night
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_began(
    moment: datetime, *, is_open: bool
) -> None:
    assert covers(NIGHTS, moment) is is_open


def test_the_next_release_is_after_the_freeze_and_within_a_window() -> None:
    freeze = Stretch("Month end", "Europe/Berlin", first_day=24, last_day=30)
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    found = next_release(now, freezes=[freeze], releases=[NIGHTS])
    assert found == datetime(2026, 12, 1, 22, 0, tzinfo=BERLIN)
    always = Stretch("Always", "UTC", starts_at=now)
    assert next_release(now, freezes=[always], releases=None) is None


def test_the_usual_moments_are_an_evening_a_morning_and_a_monday() -> None:
    friday = datetime(2026, 11, 27, 19, 0, tzinfo=BERLIN)
    assert [f"{one:%a %H:%M}" for one in usual_moments(friday)] == [
        "Fri 20:00", "Sat 06:00", "Mon 06:00",
    ]  # fmt: skip
    sunday = datetime(2026, 11, 29, 21, 0, tzinfo=BERLIN)
    assert [f"{one:%a %H:%M}" for one in usual_moments(sunday)] == ["Mon 06:00"]


def test_a_signed_change_waits_for_its_window_and_goes_in_by_itself(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    Policy.objects.update(in_window=True)
    soon = timezone.now() + timedelta(hours=5)
    Window.objects.create(name="Later", mode="release", starts_at=soon)
    asked = propose(bob, alder, money=False)
    Wakeup.objects.all().delete()
    request = approve(carol, asked)
    assert (request.status, request.scheduled_for) == ("scheduled", soon)
    # A worker comes at once and sets when it has to come back.
    assert Wakeup.objects.filter(due_at__lte=timezone.now()).exists()
    with pytest.raises(OutsideWindow):
        changes.apply(bob, request.pk)
    assert (apply_due(), currency(alder)) == (0, "EUR")
    with time_machine.travel(soon, tick=False):
        assert apply_due() == 1
    assert (currency(alder), steps(request)[-1]) == ("USD", "change.applied")


def test_people_choose_a_moment_and_take_it_back(alder: Client, bob: Actor, carol: Actor) -> None:
    Policy.objects.update(auto_apply=False)
    request = approve(carol, propose(bob, alder, money=False))
    with pytest.raises(InvalidProposal, match="still to come"):
        schedule(bob, request.pk, at=timezone.now() - timedelta(minutes=1))
    at = timezone.now() + timedelta(days=2)
    assert schedule(bob, request.pk, at=at).scheduled_for == at
    assert hold(bob, request.pk).status == "approved"
    with time_machine.travel(at, tick=False):
        assert (apply_due(), currency(alder)) == (0, "EUR")
    with pytest.raises(NotPermitted):
        schedule(actor_for(User.objects.get(email=actors.DAVE.email)), request.pk, at=at)


def _fail() -> None:
    raise RuntimeError("no")


def _freeze_for_good() -> None:
    Window.objects.create(name="Stop", mode="freeze", starts_at=timezone.now())


@pytest.mark.parametrize(
    ("spoil", "status", "said"),
    [
        (lambda knob: setattr(knob, "after_write", _fail), "approved", "unexpected error"),
        (lambda _: Change.objects.update(content={"currency": "XXX"}), "approved", "was signed"),
        (lambda _: Policy.objects.all().delete(), "approved", "No approval policy"),
        (lambda _: _freeze_for_good(), "approved", "No window opens"),
        (lambda _: Client.objects.update(currency="GBP"), "submitted", "has changed since"),
        (lambda _: Policy.objects.update(approvals=2), "submitted", "more signatures"),
    ],
)
def test_what_fails_at_its_moment_leaves_the_schedule_and_says_why(
    alder: Client,
    bob: Actor,
    carol: Actor,
    governed: Knob,
    spoil: Callable[[Knob], object],
    status: str,
    said: str,
) -> None:
    Policy.objects.update(auto_apply=False)
    request = approve(carol, propose(bob, alder, money=False))
    at = timezone.now() + timedelta(hours=1)
    schedule(bob, request.pk, at=at)
    spoil(governed)
    with time_machine.travel(at, tick=False):
        assert (apply_due(), apply_due()) == (0, 0)
    after = ChangeRequest.objects.get(pk=request.pk)
    assert (after.status, after.scheduled_for) == (status, None)
    assert said in after.notice
    led_to = {"has changed since": "change.voided", "more signatures": "change.reopened"}
    left = [one for one in steps(request) if one in {"change.held", *led_to.values()}]
    assert left == [led_to.get(said, "change.held")]


def test_what_lacks_signatures_at_its_moment_waits_for_those_alone(
    alder: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Window.objects.create(
        name="Stop",
        mode="freeze",
        starts_at=timezone.now(),
        ends_at=(ends := timezone.now() + timedelta(hours=1)),
    )
    request = approve(carol, propose(bob, alder, money=False))
    Policy.objects.update(approvals=2)
    with time_machine.travel(ends, tick=False):
        assert apply_due() == 0
        request.refresh_from_db()
        assert request.status == "submitted"
        with pytest.raises(SignatureRefused, match="signed this change already"):
            approve(carol, request)
        assert approve(alice, request).status == "applied"


def test_a_roll_back_is_a_change_like_any_other(alder: Client, bob: Actor, carol: Actor) -> None:
    request = approve(carol, propose(bob, alder, money=False))
    back = roll_back(bob, request.pk, reason="It bills in the wrong currency.")
    assert (back.status, currency(alder)) == ("submitted", "USD")
    assert back.changes.get().diff == [["-", "currency: USD"], ["+", "currency: EUR"]]
    with pytest.raises(BadTransition, match="open already"):
        roll_back(bob, request.pk, reason="Again.")
    assert "open already" in request_detail(bob, request.pk).ways.why_no_way_back
    assert approve(carol, back).status == "applied"
    assert currency(alder) == "EUR"
    assert ChangeRequest.objects.get(pk=request.pk).status == "rolled_back"
    assert steps(request)[-1] == "change.rolled_back"


def test_what_something_newer_stands_on_is_not_rolled_back(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    request = approve(carol, propose(bob, alder, money=False))
    approve(carol, propose(bob, alder, "GBP", money=False))
    with pytest.raises(BadTransition, match="has changed since"):
        roll_back(bob, request.pk, reason="Back.")
    with pytest.raises(BadTransition, match="Only a change that is live"):
        roll_back(bob, propose(bob, alder, "CHF").pk, reason="Back.")


def test_two_requests_become_one_set_that_neither_author_signs(
    alder: Client, birch: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Policy.objects.update(approvals=2, client_signature=False)
    one = approve(carol, propose(bob, alder, money=False))
    other = changes.propose(
        alice, title="Also", reason="r", changes=[proposal(alder, "CHF", kind=KIND)]
    )
    signed = approve(carol, other)
    assert other not in request_detail(bob, one.pk).ways.joinable
    with pytest.raises(NotPermitted, match="signed already"):
        join(bob, one.pk, signed.pk)
    joined = join(alice, one.pk, other.pk)
    assert joined.changes.count() == 2
    assert request_detail(carol, one.pk).can_sign
    assert ChangeRequest.objects.get(pk=other.pk).status == "withdrawn"
    with pytest.raises(SignatureRefused, match="You wrote this change"):
        approve(alice, joined)
    with pytest.raises(InvalidProposal, match="another request"):
        join(bob, one.pk, one.pk)
    Policy.objects.update(approvals=1, auto_apply=False)
    done = approve(carol, propose(alice, birch, money=False))
    assert done.status == "approved"
    with pytest.raises(InvalidProposal, match="wait for approval"):
        join(alice, propose(alice, birch, "CHF").pk, done.pk)


@pytest.fixture
def lone(alder: Client, alice: Actor) -> Actor:
    """Alice, long after everybody else who could sign has gone."""
    for person in (actors.CAROL,):
        set_roles(alice, User.objects.get(email=person.email), ["support_agent"])
    return alice


def test_one_person_alone_goes_on_and_the_record_says_so(alder: Client, lone: Actor) -> None:
    request = propose(lone, alder, money=False)
    # Somebody was let go just now: that is no way to be alone.
    with pytest.raises(SignatureRefused, match="Somebody else can sign"):
        approve_alone(lone, request.pk, content_hash=request.content_hash)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        assert request_detail(lone, request.pk).ways.can_go_alone
        done = approve_alone(lone, request.pk, content_hash=request.content_hash)
        assert (done.status, done.solo, currency(alder)) == ("applied", True, "USD")
        assert not done.approvals.exists()
        entry = AuditEntry.objects.filter(action="change.applied", object_id=str(done.pk)).get()
        assert entry.after is not None
        assert entry.after["solo"] is True
        add_person(lone, email="new@partner.example", name="New", roles=["approver"])
        other = propose(lone, alder, "GBP", money=False)
        with pytest.raises(SignatureRefused, match="Somebody else can sign"):
            approve_alone(lone, other.pk, content_hash=other.content_hash)


def test_alone_is_no_way_around_the_client_or_for_anybody_else(
    alder: Client, lone: Actor, heidi: Actor, bob: Actor
) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        money, theirs = propose(lone, alder), propose(bob, alder, "GBP", money=False)
        with pytest.raises(SignatureRefused, match="Somebody else"):
            approve_alone(lone, theirs.pk, content_hash=theirs.content_hash)
        waiting = approve_alone(lone, money.pk, content_hash=money.content_hash)
        assert (waiting.status, currency(alder)) == ("submitted", "EUR")
        assert request_detail(heidi, money.pk).missing == ["the signature of Alder Consulting"]
        assert approve(heidi, waiting).status == "applied"


def test_nobody_goes_alone_past_a_preview_that_is_still_being_made(
    alder: Client, lone: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Assessor(MAPPING, lambda *_: Assessment(0, iter([])), lambda _: "1")
    monkeypatch.setattr(impact, "_assessors", {MAPPING: tried})
    Policy.objects.update(impact_required=False, client_signature=False)
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        request = propose(lone, alder, money=False)
        ways = request_detail(lone, request.pk).ways
        assert not ways.can_go_alone
        assert "once its impact preview is there" in ways.next_step
        with pytest.raises(SignatureRefused, match="being made"):
            approve_alone(lone, request.pk, content_hash=request.content_hash)
        impacts.work_all()
        assert request_detail(lone, request.pk).ways.can_go_alone


def test_alone_or_not_nothing_goes_in_without_the_preview_that_the_policy_asks_for(
    alder: Client, lone: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_on = ["1"]
    tried = Assessor(MAPPING, lambda *_: Assessment(0, iter([])), lambda _: stands_on[0])
    monkeypatch.setattr(impact, "_assessors", {MAPPING: tried})
    Policy.objects.update(impact_required=True, client_signature=False)

    def alone() -> ChangeRequest:
        now = ChangeRequest.objects.get(pk=request.pk)
        return approve_alone(lone, now.pk, content_hash=now.content_hash)

    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        request = propose(lone, alder)
        assert not request_detail(lone, request.pk).ways.can_go_alone
        with pytest.raises(SignatureRefused, match="is being made"):
            alone()
        impacts.work_all()
        assert request_detail(lone, request.pk).ways.can_go_alone
        _freeze_for_good()
        assert alone().status == "approved"
        stands_on[0] = "2"  # what the preview stands on moves, and it is made anew
        with pytest.raises(BadTransition, match="out of date"):
            changes.apply(lone, request.pk)
        impacts.ask_again(lone, request.pk)
        with pytest.raises(BadTransition, match="being made"):
            changes.apply(lone, request.pk)
        impacts.work_all()
        after = ChangeRequest.objects.get(pk=request.pk)
        assert (after.status, after.solo) == ("submitted", False)
        assert "came out differently" in after.notice
        Window.objects.update(active=False)
        assert (alone().status, currency(alder)) == ("applied", "USD")


def test_a_rule_that_asks_for_a_preview_later_lets_no_unsigned_preview_pass(
    alder: Client, alice: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Assessor(MAPPING, lambda *_: Assessment(0, iter([])), lambda _: "")
    monkeypatch.setattr(impact, "_assessors", {MAPPING: tried})
    Policy.objects.update(impact_required=False, client_signature=False, auto_apply=False)
    request = approve(carol, propose(bob, alder))
    impacts.work_all()  # after the signature: no part of it
    rule = replace(terms_of(Policy.objects.get(kind=MAPPING)), impact_required=True)
    asked = propose_policy(alice, f"{MAPPING}/heavy", rule, reason="See it first.")
    changes.apply(alice, approve(carol, asked).pk)
    request.refresh_from_db()
    assert (request.status, request.approvals.count()) == ("submitted", 1)
    assert "which was not part of what was signed" in request.notice
    with pytest.raises(BadTransition):
        changes.apply(bob, request.pk)
    assert approve(carol, request).status == "approved"
    assert (changes.apply(bob, request.pk).status, currency(alder)) == ("applied", "USD")


def test_a_freeze_of_a_legal_entity_holds_up_what_concerns_it(
    alder: Client, alice: Actor, bob: Actor, carol: Actor
) -> None:
    Policy.objects.update(auto_apply=False)
    freeze = {"mode": "freeze", "starts_at": timezone.now() - timedelta(hours=1)}
    Window.objects.create(name="Dublin", client_id=alder.pk, entity="Alder  Dublin", **freeze)
    request = approve(carol, propose(bob, alder, money=False))
    # Nobody says that it concerns another entity, so it concerns this one too.
    with pytest.raises(Frozen, match="Dublin"):
        changes.apply(bob, request.pk)
    before = request.content_hash
    request = limit(alice, request.pk, read_entities(" Alder Lyon\n\nalder  lyon"))
    assert (request.status, request.entities) == ("submitted", ["alder lyon"])
    assert request.content_hash != before
    with pytest.raises(SignatureRefused, match="You wrote"):
        approve(alice, request)
    approve(carol, request)
    # What was signed says whom it concerns: another word in the database is not what was signed.
    ChangeRequest.objects.filter(pk=request.pk).update(entities=["Alder Oslo"])
    with pytest.raises(ContentChanged):
        changes.apply(bob, request.pk)
    ChangeRequest.objects.filter(pk=request.pk).update(entities=["alder lyon"])
    assert changes.apply(bob, request.pk).status == "applied"
    other = limit(bob, propose(bob, alder, "GBP", money=False).pk, ["Alder Lyon", "ALDER dublin"])
    approve(carol, other)
    with pytest.raises(Frozen):
        changes.apply(bob, other.pk)
