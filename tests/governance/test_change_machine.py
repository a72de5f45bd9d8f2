"""Whatever people do, in any order: nothing unapproved, unread or one's own goes live."""

from collections.abc import Callable

import pytest
from django.db import transaction
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

from governance.actors import Actor
from governance.errors import NotPermitted, Refusal
from governance.models import Approval, Change, ChangeRequest, Policy
from governance.services import changes
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.governance.governed import MAPPING, propose

CURRENCIES = ("USD", "GBP", "CHF", "JPY")
REFUSALS = (Refusal, NotPermitted, ChangeRequest.DoesNotExist)
EXAMPLES, STEPS = 40, 30


class ChangeMachine(RuleBasedStateMachine):
    """People at one partner against two clients. `live` is what we know must be live."""

    people: dict[str, Actor]
    clients: list[Client]
    requests: Bundle[int] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.live = {client.pk: "EUR" for client in self.clients}
        self.writers: dict[int, set[str]] = {}
        self.applied: set[int] = set()

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
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "mallory", "token"]),
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

    @rule(pk=requests, who=st.sampled_from(["alice", "bob", "heidi", "token"]))
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
        self.applied.add(request.pk)
        change = request.changes.get()
        signed = Approval.objects.filter(request=request, content_hash=request.content_hash)
        signers = {one.approver_id: one.client_id for one in signed}
        by_name = {person.id: name for name, person in self.people.items() if name != "token"}
        names = {by_name[one] for one in signers}
        assert not names & self.writers[request.pk]
        assert names & {"alice", "carol"}
        if change.content["money"]:
            assert request.client_id in {one for one in signers.values() if one is not None}
        self.live[int(change.target_id)] = change.content["currency"]

    @invariant()
    def only_what_was_allowed_is_live(self) -> None:
        found = dict(Client.objects.values_list("pk", "currency"))
        assert {pk: found[pk] for pk in self.live} == self.live


@pytest.mark.usefixtures("governed")
def test_no_order_of_steps_gets_around_the_rules(
    alice: Actor,
    bob: Actor,
    carol: Actor,
    heidi: Actor,
    alder: Client,
    birch: Client,
    actor: Callable[[Person], Actor],
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
