"""The machine of change requests at two more doors: the API for programs, and the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, invariant, multiple, rule

from governance.models import Approval, Change, ChangeRequest
from syncjobs.engine import stopping
from syncjobs.management.commands import worker
from tenants.accounts.models import Role
from tenants.accounts.services.roles import KIND as ROLE
from tenants.models import Wakeup
from tests import actors
from tests.governance.change_machine import CURRENCIES, ChangeMachine
from tests.governance.governed import propose

API = "/api/v1"
# What a role may be asked to hold. The first is what it holds at first.
HELD = (["audit.view"], ["changes.approve", "changes.view"], ["changes.view"])


class DoorMachine(ChangeMachine):
    """`programs` are browsers: with a token of the owner's, with one that is bound to the first
    client, with a signed-in person's session and no token, and with nothing. `roles` is what we
    know each role to hold."""

    programs: dict[str, Browser]
    role: Role
    schema: str

    def __init__(self) -> None:
        super().__init__()
        self.roles = {self.role.pk: set(HELD[0])}

    @rule(
        pk=ChangeMachine.requests,
        who=st.sampled_from(["token", "client token", "session", "nobody"]),
        verb=st.sampled_from(["approve", "apply", "apply"]),
    )
    def call(self, pk: int, who: str, verb: str) -> None:
        """No program signs, whatever it holds; only a token applies, and what people signed."""
        read = ChangeRequest.objects.get(pk=pk)
        signed = Approval.objects.count()
        sent = {"content_hash": read.content_hash} if verb == "approve" else {}
        answer = self._post(who, f"change-requests/{pk}/{verb}/", sent)
        after = ChangeRequest.objects.get(pk=pk)
        assert Approval.objects.count() == signed
        if who not in {"token", "client token"}:
            assert answer in {401, 403, 404}
        if verb == "approve":
            assert answer in {401, 403, 404, 409}
        if who == "client token" and read.client_id != self.clients[0].pk:
            assert answer in {401, 403, 404}
        if answer == 200:
            assert after.status == "applied"
        elif pk not in self.applied:
            assert after.status != "applied"
        self._note(after)

    @rule(
        at=st.integers(0, 1),
        who=st.sampled_from(["token", "client token", "session", "nobody"]),
        currency=st.sampled_from(CURRENCIES),
    )
    def move_the_base_by_the_api(self, at: int, who: str, currency: str) -> None:
        """Whatever a program writes beside change control moves the base of what waits."""
        client = self.clients[at]
        path = f"clients/{client.pk}/"
        if self._send("patch", who, path, {"currency": currency}) == 200:
            assert who == "token"
            self.live[client.pk] = currency

    @rule(
        target=ChangeMachine.requests,
        who=st.sampled_from(["token", "token", "client token", "session"]),
        held=st.sampled_from(HELD),
    )
    def patch_a_role(self, who: str, held: list[str]) -> int | MultipleResults[int]:
        """What is governed is asked for by the API, and stays as it is."""
        known = set(ChangeRequest.objects.values_list("pk", flat=True))
        answer = self._send("patch", who, f"roles/{self.role.pk}/", {"permissions": held})
        made = ChangeRequest.objects.exclude(pk__in=known).first()
        if made is None:
            return multiple()
        assert (who, answer) == ("token", 202)
        self.writers[made.pk] = {"alice"}
        return made.pk

    @rule(days=st.sampled_from([0.0, 0.2, 2.0]))
    def worker_runs(self, days: float) -> None:
        """The command that does all work: what is scheduled goes in, and nothing else."""
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False), _one_round():
            # Due at once by the database's clock, which does not travel.
            Wakeup.objects.filter(schema_name=self.schema).update(due_at="2000-01-01T00:00Z")
            call_command("worker", inline=True, name="machine")
        # In the order in which they were asked for, a roll-back after what it rolls back.
        for request in ChangeRequest.objects.filter(applied_at__isnull=False).order_by("pk"):
            if request.pk in self.applied:
                continue
            if request.author_label == "System":
                self._went_in(request)
            else:
                self._note(request)

    @rule(
        at=st.integers(0, 1),
        signed=st.booleans(),
        between=st.sampled_from(["nothing", "tamper", "base"]),
        who=st.sampled_from(["token", "token", "client token", "session", "worker"]),
    )
    def go_live_elsewhere(self, at: int, signed: bool, between: str, who: str) -> None:
        """Something is asked for, signed perhaps, and then let in by a program or the worker."""
        self.turn_auto_apply(False)
        made = propose(self.people["bob"], self.clients[at], "USD", money=False)
        self.writers[made.pk] = {"bob"}
        if who != "worker":
            self.call(made.pk, who, "approve")
        if signed:
            self.approve(made.pk, "carol", False)
        if between == "tamper":
            self.tamper_with_the_rows(made.pk, "GBP")
        elif between == "base":
            self.move_the_base_by_the_api(at, "token", "CHF")
        if who == "worker":
            self.schedule(made.pk, "bob")
            self.worker_runs(0.2)
        else:
            self.call(made.pk, who, "apply")

    @rule(
        command=st.sampled_from(["provision_partner", "erase_person"]),
        who=st.sampled_from([actors.ALICE, actors.CAROL]),
    )
    def command_runs(self, command: str, who: actors.Person) -> None:
        """Neither sets a partner up anew over the old one nor erases who could sign."""
        given = {"owner_email": who.email, "owner_name": who.name, "slug": "northwind"}
        if command == "erase_person":
            given = {"partner": "northwind", "email": who.email}
        else:
            given["name"] = "Northwind"
        with pytest.raises(CommandError):
            call_command(command, **given)

    @invariant()
    def roles_hold_what_was_allowed(self) -> None:
        assert {one.pk: set(one.permissions) for one in Role.objects.all()} == self.roles

    def _post(self, who: str, path: str, sent: Mapping[str, object]) -> int:
        return self._send("post", who, path, sent)

    def _send(self, method: str, who: str, path: str, sent: Mapping[str, object]) -> int:
        send = getattr(self.programs[who], method)
        answer = send(f"{API}/{path}", sent, content_type="application/json")
        assert answer.status_code < 500
        return int(answer.status_code)

    def _altered(self, change: Change, currency: str) -> dict[str, object]:
        if change.kind == ROLE:
            return {**change.content, "permissions": HELD[CURRENCIES.index(currency) % len(HELD)]}
        return super()._altered(change, currency)

    def _went_in(self, request: ChangeRequest) -> None:
        change = request.changes.get()
        if change.kind == ROLE:
            self.applied.add(request.pk)
            self.roles[int(change.target_id)] = set(change.content["permissions"])
            assert not request.emergency
        else:
            super()._went_in(request)


@contextmanager
def _one_round() -> Iterator[None]:
    """Let the worker make one round, in this process, and leave other partners' work alone."""
    rounds = iter([False])
    Wakeup.objects.update(due_at=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "check_at_start", lambda: None)
        patch.setattr(worker, "sleep", lambda seconds: None)
        patch.setattr(worker, "close_old_connections", lambda: None)  # not that of the test
        patch.setattr(worker, "due_schemas", list)
        patch.setattr(worker, "due_trails", list)
        patch.setattr(worker, "claim_due", list)
        patch.setattr(stopping, "listen", lambda: None)
        patch.setattr(stopping, "asked_to_stop", lambda: next(rounds, True))
        yield
