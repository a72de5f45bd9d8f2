"""What people can do with change requests, in any order, and what must hold after each step."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import time_machine
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from governance.actors import Actor
from governance.entities import key_of_entity
from governance.errors import NotPermitted, Refusal
from governance.models import Approval, Attachment, Change, ChangeRequest, Policy, Window
from governance.services import attachments, changes, emergencies, entities, rollbacks, solo
from governance.services import schedule as schedules
from governance.services.requests import stored_hash
from syncjobs.models import Connection
from syncjobs.scope import DIRECTIONS, Scope
from syncjobs.services.scope_changes import KIND as SCOPE
from syncjobs.services.scope_changes import propose_scope
from tenants.accounts.models import Client
from tests.governance.governed import propose

CURRENCIES = ("USD", "GBP", "CHF", "JPY")
REFUSALS = (Refusal, NotPermitted, ChangeRequest.DoesNotExist)
ENTITIES = ("Alder North", "Alder South")
PDF = b"%PDF-1.7 an offer"


class ChangeMachine(RuleBasedStateMachine):
    """People at one partner against two clients. `live` is what we know must be live: by client
    a currency, by connection a direction. `frozen` are the freezes that we know of, `concerns` whom
    we know each request to concern, `files` what was attached to each."""

    people: dict[str, Actor]
    clients: list[Client]
    systems: list[Connection]
    browsers: dict[str, Browser]
    requests: Bundle[int] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.live = {client.pk: "EUR" for client in self.clients}
        self.scopes = {one.pk: "both" for one in self.systems}
        self.frozen: dict[tuple[int, str], int] = {}
        self.concerns: dict[int, set[str]] = {}
        self.files: dict[int, int] = {}
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

    @rule(
        target=requests,
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "token"]),
        at=st.integers(0, 1),
        direction=st.sampled_from(sorted(DIRECTIONS)),
    )
    def propose_scope(self, who: str, at: int, direction: str) -> int | MultipleResults[int]:
        system = Connection.objects.get(pk=self.systems[at].pk)
        asked = Scope(direction)
        made = self._try(lambda: propose_scope(self.people[who], system, asked, reason="r"))
        if made is None:
            return multiple()
        assert who in {"alice", "bob", "token"}
        widens = direction == "both" or {direction, self.scopes[system.pk]} == {"read", "write"}
        assert made.weakens == widens
        self.writers[made.pk] = {"alice" if who == "token" else who}
        return made.pk

    @rule(
        pk=requests,
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "mallory", "token", "command"]),
        name=st.sampled_from(["a.pdf", "a.pdf", "b.exe"]),
    )
    def attach(self, pk: int, who: str, name: str) -> None:
        """A file comes from those who propose or sign, and changes nothing that is signed."""
        before = ChangeRequest.objects.get(pk=pk)
        actor = self.people[who]
        done = self._try(lambda: attachments.attach(actor, pk, name=name, content=PDF))
        if done is None:
            return
        assert name == "a.pdf"
        assert who in {"alice", "bob", "carol", "heidi"}
        assert who != "heidi" or before.client_id == self.clients[0].pk
        assert before.is_open or before.awaits_review
        self.files[pk] = self.files.get(pk, 0) + 1
        assert done.content_hash == before.content_hash
        assert stored_hash(done, list(done.changes.all())) == stored_hash(
            before, list(before.changes.all())
        )

    @rule(
        pk=requests,
        who=st.sampled_from(["alice", "bob", "carol", "heidi", "token"]),
        named=st.sets(st.sampled_from(ENTITIES)),
    )
    def limit(self, pk: int, who: str, named: set[str]) -> None:
        """Whom it concerns is an edit: by who may propose, and signed anew."""
        done = self._try(lambda: entities.limit(self.people[who], pk, sorted(named)))
        if done is not None:
            assert who in {"alice", "bob"}
            assert not Approval.objects.filter(request=pk, content_hash=done.content_hash).exists()
            self.writers[pk].add(who)
            self.concerns[pk] = {key_of_entity(one) for one in named}

    @rule(at=st.integers(0, 1), entity=st.sampled_from(["", *ENTITIES]))
    def freeze(self, at: int, entity: str) -> None:
        """Freeze a client, or one of its legal entities; the second time it is lifted."""
        client = self.clients[at].pk
        known = self.frozen.pop((client, key_of_entity(entity)), None)
        if known is not None:
            Window.objects.filter(pk=known).update(active=False)
            return
        made = Window.objects.create(
            name="Books close",
            mode="freeze",
            client_id=client,
            entity=entity,
            starts_at=timezone.now() - timedelta(days=1),
        )
        self.frozen[client, key_of_entity(entity)] = made.pk

    @rule(
        at=st.integers(0, 1),
        currency=st.sampled_from(CURRENCIES),
        named=st.sets(st.sampled_from(ENTITIES)),
        entity=st.sampled_from(["", *ENTITIES]),
    )
    def sign_in_a_freeze(self, at: int, currency: str, named: set[str], entity: str) -> None:
        """Somebody proposes, another says whom it concerns, and both others sign in a freeze."""
        made = propose(self.people["bob"], self.clients[at], currency, money=False)
        self.writers[made.pk] = {"bob"}
        self.limit(made.pk, "alice", named)
        if (self.clients[at].pk, key_of_entity(entity)) not in self.frozen:
            self.freeze(at, entity)
        self.approve(made.pk, "alice", False)
        self.approve(made.pk, "carol", False)
        self.apply(made.pk, "bob")

    @rule(pk=requests, who=st.sampled_from(["alice", "bob"]), currency=st.sampled_from(CURRENCIES))
    def edit(self, pk: int, who: str, currency: str) -> None:
        change = Change.objects.get(request=pk)
        content = self._altered(change, currency)
        new = changes.ProposedChange(
            change.kind, change.target_id, change.target_label, content, change.client_id
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
            Change.objects.filter(pk=change.pk).update(content=self._altered(change, currency))

    def _altered(self, change: Change, currency: str) -> dict[str, object]:
        """Another content of the same kind."""
        if change.kind == SCOPE:
            return {**change.content, "direction": "read" if currency < "J" else "write"}
        return {**change.content, "currency": currency}

    @rule(auto=st.booleans())
    def turn_auto_apply(self, auto: bool) -> None:
        Policy.objects.update(auto_apply=auto)

    def _note(self, request: ChangeRequest) -> None:
        """Judge, by our own count, whether what just went live was allowed to."""
        if request.status != "applied" or request.pk in self.applied:
            return
        self._signed_by_others(request)
        self._not_frozen(request)
        self._went_in(request)

    def _not_frozen(self, request: ChangeRequest) -> None:
        """By our own count: no freeze of the client holds but of entities that it leaves out."""
        concerned = self.concerns.get(request.pk, set())
        for client, entity in self.frozen:
            if client == request.client_id:
                assert entity
                assert concerned
                assert entity not in concerned

    def _went_in(self, request: ChangeRequest) -> None:
        self.applied.add(request.pk)
        change = request.changes.get()
        # What went in is what somebody read, not what was slipped into the rows since.
        assert stored_hash(request, [change]) == request.content_hash
        if change.kind == SCOPE:
            self.scopes[int(change.target_id)] = change.content["direction"]
            # What lets more through is never an emergency.
            assert not (request.emergency and request.weakens)
        else:
            # What it was written against, and compared with when it was read, was live until now.
            assert change.base_version == self.live[int(change.target_id)]
            self.live[int(change.target_id)] = change.content["currency"]

    def _signed_by_others(self, request: ChangeRequest) -> None:
        change = request.changes.get()
        signed = Approval.objects.filter(request=request, content_hash=request.content_hash)
        signers = {one.approver_id: one.client_id for one in signed}
        by_name = {one.id: name for name, one in self.people.items() if one.kind == "person"}
        names = {by_name[one] for one in signers}
        assert not names & self.writers[request.pk]
        assert names & {"alice", "carol"}
        if change.content.get("money"):
            assert request.client_id in {one for one in signers.values() if one is not None}

    @invariant()
    def only_what_was_allowed_is_live(self) -> None:
        found = dict(Client.objects.values_list("pk", "currency"))
        assert {pk: found[pk] for pk in self.live} == self.live
        directions = dict(Connection.objects.values_list("pk", "direction"))
        assert {pk: directions[pk] for pk in self.scopes} == self.scopes

    @invariant()
    def files_stay_as_they_came(self) -> None:
        if not self.files:
            return
        found = Counter(Attachment.objects.values_list("request_id", flat=True))
        assert found == self.files
        assert {bytes(one.content) for one in Attachment.objects.all()} == {PDF}
