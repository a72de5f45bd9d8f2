"""Whatever people do, in any order: nothing unapproved, unread or one's own goes live."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted, Refusal
from governance.models import Approval, Change, ChangeRequest, Policy
from governance.services import changes, emergencies, rollbacks, solo
from governance.services import schedule as schedules
from governance.services.requests import stored_hash
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.governance.governed import MAPPING, propose

CURRENCIES = ("USD", "GBP", "CHF", "JPY")
REFUSALS = (Refusal, NotPermitted, ChangeRequest.DoesNotExist)
EXAMPLES, STEPS = 12, 30


class ChangeMachine(RuleBasedStateMachine):
    """People at one partner against two clients. `live` is what we know must be live."""

    people: dict[str, Actor]
    clients: list[Client]
    browsers: dict[str, Browser]
    requests: Bundle[int] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.live = {client.pk: "EUR" for client in self.clients}
        self.writers: dict[int, set[str]] = {}
        self.applied: set[int] = set()
        self.rushed: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    def _try(self, step: Callable[[], ChangeRequest]) -> ChangeRequest | None:
        try:
            return step()
        except REFUSALS:
            return None

    @rule(
        target=requests,
        who=st.sampled_from(["alice", "bob", "carol", "heidi"]),
        at=st.integers(0, 1),
        currency=st.sampled_from(CURRENCIES),
        money=st.booleans(),
    )
    def propose(self, who: str, at: int, currency: str, money: bool) -> int | MultipleResults[int]:
        made = self._try(lambda: propose(self.people[who], self.clients[at], currency, money=money))
        if made is None:
            return multiple()
        self.writers[made.pk] = {who}
        return made.pk

    @rule(pk=requests, who=st.sampled_from(["alice", "bob"]), currency=st.sampled_from(CURRENCIES))
    def edit(self, pk: int, who: str, currency: str) -> None:
        change = Change.objects.get(request=pk)
        content = {**change.content, "currency": currency}
        new = changes.ProposedChange(
            MAPPING, change.target_id, change.target_label, content, change.client_id
        )
        if self._try(lambda: changes.edit(self.people[who], pk, changes=[new])):
            self.writers[pk].add(who)

    @rule(
        pk=requests,
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "mallory", "token", "command"]),
        stale=st.booleans(),
    )
    def approve(self, pk: int, who: str, stale: bool) -> None:
        read = ChangeRequest.objects.get(pk=pk)
        hashed = "0" * 64 if stale else read.content_hash
        signed = self._try(lambda: changes.approve(self.people[who], pk, content_hash=hashed))
        if signed is not None:
            assert not stale
            assert who in {"alice", "carol", "heidi"} - self.writers[pk]
            self._note(signed)

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "carol", "heidi", "token", "command"]))
    def rush(self, pk: int, who: str) -> None:
        hashed = ChangeRequest.objects.get(pk=pk).content_hash
        actor = self.people[who]
        done = self._try(lambda: emergencies.rush(actor, pk, content_hash=hashed, reason="Now."))
        if done is not None:
            assert who in {"alice", "bob"}
            self.writers[pk].add(who)
            self.rushed.add(pk)
            self._went_in(done)
            assert self._try(lambda: emergencies.review(actor, pk, content_hash=hashed)) is None

    @rule(
        at=st.integers(0, 1),
        currency=st.sampled_from(CURRENCIES),
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "token", "command"]),
        tampered=st.booleans(),
    )
    def propose_and_rush(self, at: int, currency: str, who: str, tampered: bool) -> None:
        made = propose(self.people["bob"], self.clients[at], currency, money=False)
        self.writers[made.pk] = {"bob"}
        if tampered:
            self.tamper_with_the_rows(made.pk, "XXX")
        self.rush(made.pk, who)

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "carol", "heidi", "token", "command"]))
    def review(self, pk: int, who: str) -> None:
        hashed = ChangeRequest.objects.get(pk=pk).content_hash
        actor = self.people[who]
        done = self._try(lambda: emergencies.review(actor, pk, content_hash=hashed))
        if done is not None:
            assert pk in self.rushed
            assert who in {"alice", "carol", "heidi"} - self.writers[pk]
            if done.reviewed_at is not None:
                self._signed_by_others(done)

    @rule(target=requests, pk=requests, who=st.sampled_from(["alice", "bob", "carol"]))
    def roll_back(self, pk: int, who: str) -> int | MultipleResults[int]:
        back = self._try(lambda: rollbacks.roll_back(self.people[who], pk, reason="Back."))
        if back is None:
            return multiple()
        self.writers[back.pk] = {who}
        return back.pk

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "heidi", "command"]))
    def schedule(self, pk: int, who: str) -> None:
        soon = timezone.now() + timedelta(hours=1)
        self._try(lambda: schedules.schedule(self.people[who], pk, at=soon))

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "carol"]))
    def stand_alone(self, pk: int, who: str) -> None:
        hashed = ChangeRequest.objects.get(pk=pk).content_hash
        actor = self.people[who]
        assert self._try(lambda: solo.approve_alone(actor, pk, content_hash=hashed)) is None

    @rule(days=st.sampled_from([0.2, 2]))
    def time_passes(self, days: float) -> None:
        """What is scheduled goes in; what nobody reviewed is taken back, or stays in red."""
        late = ChangeRequest.objects.filter(emergency=True, status="applied", reviewed_at=None)
        before = set(late.values_list("pk", flat=True)) if days > 1 else set()
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            schedules.apply_due()
            for request in ChangeRequest.objects.filter(status="applied"):
                self._note(request)
            emergencies.expire_unreviewed()
        for request in ChangeRequest.objects.filter(pk__in=before):
            assert request.status == "rolled_back" or request.escalated_at is not None
        taken_back = ChangeRequest.objects.filter(author_label="System", status="applied")
        for back in taken_back.order_by("pk"):
            if back.pk not in self.applied:
                self._went_in(back)

    @rule(
        pk=requests,
        who=st.sampled_from(["bob", "carol", "heidi"]),
        button=st.sampled_from(["approve", "apply", "emergency", "alone"]),
    )
    def press(self, pk: int, who: str, button: str) -> None:
        """The same through the pages: whatever is pressed, with what the page would send."""
        read = ChangeRequest.objects.get(pk=pk)
        sent = {"content_hash": read.content_hash, "comment": "Now."}
        door = "approvals" if who == "heidi" else "changes"
        answer = self.browsers[who].post(f"/{door}/{pk}/{button}/", sent)
        assert answer.status_code in {302, 403, 404}
        after = ChangeRequest.objects.get(pk=pk)
        if after.emergency and not read.emergency:
            assert (who, button) == ("bob", "emergency")
            self.writers[pk].add(who)
            self.rushed.add(pk)
            self._went_in(after)
        elif read.awaits_review and after.reviewed_at is not None:
            self._signed_by_others(after)
        self._note(after)

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "heidi", "token", "command"]))
    def apply(self, pk: int, who: str) -> None:
        done = self._try(lambda: changes.apply(self.people[who], pk))
        if done is not None:
            self._note(done)

    @rule(pk=requests, who=st.sampled_from(["alice", "carol", "heidi", "mallory"]))
    def reject(self, pk: int, who: str) -> None:
        self._try(lambda: changes.reject(self.people[who], pk, comment="No."))

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "heidi"]))
    def withdraw(self, pk: int, who: str) -> None:
        self._try(lambda: changes.withdraw(self.people[who], pk))

    @rule(at=st.integers(0, 1), currency=st.sampled_from(CURRENCIES))
    def move_the_base(self, at: int, currency: str) -> None:
        client = self.clients[at]
        Client.objects.filter(pk=client.pk).update(currency=currency)
        self.live[client.pk] = currency

    @rule(pk=requests, currency=st.sampled_from(CURRENCIES))
    def tamper_with_the_rows(self, pk: int, currency: str) -> None:
        change = Change.objects.get(request=pk)
        if pk not in self.applied:
            Change.objects.filter(pk=change.pk).update(
                content={**change.content, "currency": currency}
            )

    @rule(auto=st.booleans())
    def turn_auto_apply(self, auto: bool) -> None:
        Policy.objects.update(auto_apply=auto)

    def _note(self, request: ChangeRequest) -> None:
        """Judge, by our own count, whether what just went live was allowed to."""
        if request.status != "applied" or request.pk in self.applied:
            return
        self._signed_by_others(request)
        self._went_in(request)

    def _went_in(self, request: ChangeRequest) -> None:
        self.applied.add(request.pk)
        change = request.changes.get()
        # What went in is what somebody read, not what was slipped into the rows since.
        assert stored_hash(request, [change]) == request.content_hash
        self.live[int(change.target_id)] = change.content["currency"]

    def _signed_by_others(self, request: ChangeRequest) -> None:
        change = request.changes.get()
        signed = Approval.objects.filter(request=request, content_hash=request.content_hash)
        signers = {one.approver_id: one.client_id for one in signed}
        by_name = {one.id: name for name, one in self.people.items() if one.kind == "person"}
        names = {by_name[one] for one in signers}
        assert not names & self.writers[request.pk]
        assert names & {"alice", "carol"}
        if change.content["money"]:
            assert request.client_id in {one for one in signers.values() if one is not None}

    @invariant()
    def only_what_was_allowed_is_live(self) -> None:
        found = dict(Client.objects.values_list("pk", "currency"))
        assert {pk: found[pk] for pk in self.live} == self.live


@pytest.mark.usefixtures("governed", "at_home")
def test_no_order_of_steps_gets_around_the_rules(
    alice: Actor,
    bob: Actor,
    carol: Actor,
    heidi: Actor,
    alder: Client,
    birch: Client,
    actor: Callable[[Person], Actor],
    browse: Callable[..., Browser],
) -> None:
    token = Actor("token", 1, "CI", permissions=alice.permissions, person_id=alice.id)
    ChangeMachine.clients = [alder, birch]
    ChangeMachine.people = {
        "alice": alice,
        "bob": bob,
        "carol": carol,
        "heidi": heidi,
        "mallory": actor(actors.MALLORY),
        "token": token,
        "command": command_actor("a command"),
    }
    ChangeMachine.browsers = {
        "bob": browse(actors.BOB),
        "carol": browse(actors.CAROL),
        "heidi": browse(actors.HEIDI),
    }
    run_state_machine_as_test(
        ChangeMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
