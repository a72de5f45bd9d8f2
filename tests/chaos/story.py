"""One seed from its first record to the last: what comes in, who dies, who asks, who answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.utils import timezone

from syncjobs.engine.drain import drain
from syncjobs.engine.stopping import asked_to_stop
from syncjobs.models import Delivery, Stream
from syncjobs.retry import MAX_UNFINISHED_STARTS
from syncjobs.services.deliveries import (
    cancel_delivery,
    replay_delivery,
    retry_delivery,
    skip_delivery,
)
from syncjobs.state import DELIVERY, NEEDS_PERSON
from tenants.context import public_scope, schema_scope
from tests.chaos import promises
from tests.chaos.lives import Body, Clock, Ended, go_on, live
from tests.chaos.plan import Plan, Round, Strike
from tests.chaos.target import Journal, Target
from tests.chaos.world import World, as_record, due_in, mangled, rings, row_of, run_task, sweep
from tests.fakes.systems import FakeSystems
from tests.syncjobs.factories import BUILDER

# More than any seed needs; one that needs more goes round in circles.
MOST_ROUNDS: Final = 60
PAST_A_LEASE: Final = 61.0
MESSAGE_TRIES: Final = 3


@dataclass
class Story:
    """A seed while it is told. `digest` is of all that the target was asked and did."""

    world: World
    plan: Plan
    home: Path
    clock: Clock = field(default_factory=Clock)
    lives: int = 0
    poisonous: str = ""

    def __post_init__(self) -> None:
        self.journal = Journal(self.home / f"target-{self.plan.seed}")
        self.dice = Random(f"rings {self.plan.seed}")

    def tell(self) -> str:
        """Play it all, hold every promise, and return the digest of what happened."""
        self.world.begin_anew()
        if self.plan.poison:
            self.poisonous = next(ref for ref in self.plan.latest if ref.startswith("C"))
        for place, round_ in enumerate(self.plan.rounds):
            self._round(round_, is_first=place == 0)
        self._work_to_the_end()
        if self.poisonous:
            promises.poison_is_parked(self.journal, self.poisonous)
            self.poisonous = ""
            self._work_to_the_end()
        promises.nothing_lost_or_doubled(self.plan, self.journal)
        promises.unknown_is_asked_first(self.plan, self.journal)
        promises.ledger_is_whole(self.plan, self.journal)
        promises.nothing_dangles()
        return self._digest()

    def _round(self, round_: Round, *, is_first: bool) -> None:
        self.world.show(round_.changes)
        if is_first:
            other = {"id": "o1", "no": "C-other", "name": "Other's"}
            other["updatedAt"] = "2026-11-03T12:00:00Z"
            self.world.other.source.put("accounts", as_record(other))
        self.world.travel(301)  # every stream is read again
        self._webhooks(round_)
        if round_.compare:
            Stream.objects.filter(object="accounts").update(next_compare_at=timezone.now())
        found = mangled(self._rung(), round_.mangle, self.dice)
        self._live(found, round_.strike, round_.minutes)

    def _webhooks(self, round_: Round) -> None:
        """Send what comes by webhook; a sender who gets no answer sends again."""
        for one in round_.changes:
            if one.by not in ("hook", "stale"):
                continue
            id_ = f"msg_{one.moment}"
            row = row_of(one, older=one.by == "stale")
            strike = Strike(round_.sender_dies, 1, "kill") if round_.sender_dies else None
            for _ in range(MESSAGE_TRIES):
                ended = self._life(lambda _: self.world.send(row, id_), strike)  # noqa: B023  now
                strike = None
                if ended.code == 0:
                    break
            assert ended.code == 0, "the message was never acknowledged"

    def _life(
        self, job: Callable[[Body], None], strike: Strike | None = None, minutes: int = 0
    ) -> Ended:
        self.lives += 1
        return live(
            job,
            self.clock,
            seed=f"{self.plan.seed} {self.lives}",
            strike=strike,
            minutes=minutes,
            is_real=self.plan.is_real and (strike is not None or bool(self.poisonous)),
        )

    def _rung(self) -> list[list[Any]]:
        """Return the rings; where there are none, when the sweep rings next."""
        found = rings()
        if not found:
            self.world.travel(due_in() + 0.01)
            assert self.world.schema in sweep(), "the sweep passes this partner by"
            found = rings()
        return found

    def _live(self, found: list[list[Any]], strike: Strike | None, minutes: int) -> None:
        """Let a worker take these rings; one that stops is overtaken, and then goes on."""
        asked, kept = len(self.journal.of("write")), promises.last_attempt()
        ended = self._life(partial(self._tasks, found), strike, minutes)
        if ended.code is None:
            self.clock.advance(PAST_A_LEASE)
            self.world.travel(PAST_A_LEASE)
            self._live(self._rung(), None, 0)
            before = promises.closed_rows()
            asked = len(self.journal.of("write"))
            ended = go_on(ended)
            promises.nothing_is_written_late(before, self.journal.of("write")[asked:])
        elif ended.code < 0:
            promises.work_resumes_soon()
        elif strike is None or strike.action == "term":
            assert ended.code == 0, "the worker failed; what it says is on standard error"
            promises.calls_are_kept(self.journal.of("write")[asked:], kept)

    def _tasks(self, found: list[list[Any]], body: Body) -> None:
        """Do tasks as a worker of the queue does, until none is left."""
        target = Target(self.plan, self.journal, body, self.poisonous)
        systems = FakeSystems(self.world.systems(target))
        schema = self.world.schema
        with public_scope():
            while found and not asked_to_stop():
                asked = len(self.journal.of("write"))
                try:
                    (for_schema,) = found.pop(0)
                    run_task(for_schema, partial(drain, most=self.plan.most, systems=systems))
                    if not asked_to_stop():
                        with schema_scope(schema):
                            promises.everybody_has_a_turn(self.journal.of("write")[asked:])
                except (OperationalError, InterfaceError):
                    # As the queue does it: this task has failed, the worker takes the next.
                    connection.close()
                if not found:
                    with schema_scope(schema):
                        found = rings()

    def _work_to_the_end(self) -> None:
        """Work without further blows, with people answering, until nothing is left to do."""
        for _ in range(MOST_ROUNDS):
            self._live(self._rung(), None, 0)
            if self._is_done():
                return
        states = list(Delivery.objects.values_list("record__key", "state", "error_text"))
        raise AssertionError(f"not done after {MOST_ROUNDS} rounds: {states}")

    def _is_done(self) -> bool:
        open_rows = Delivery.objects.filter(state__in=sorted(DELIVERY.open))
        waits = False
        for row in open_rows.select_related("record"):
            if row.record.key == self.poisonous and not self._is_asked_about(row):
                waits |= row.state not in NEEDS_PERSON
                continue
            # What refers to the poison waits for it, and rightly.
            waits |= not (self.poisonous and row.state == "waiting")
            if row.state in NEEDS_PERSON:
                self._answer(row)
        now = timezone.now()
        unread = Q(next_poll_at__lte=now) | Q(next_compare_at__lte=now)
        return not waits and not Stream.objects.filter(unread).exists()

    def _is_asked_about(self, row: Delivery) -> bool:
        """Say whether the poison waits for an answer, and not since it killed its workers: one
        died of something else with it in hand, and its target cannot be asked what arrived."""
        return row.state in NEEDS_PERSON and row.unfinished_starts < MAX_UNFINISHED_STARTS

    def _answer(self, row: Delivery) -> None:
        """Do what a person does who looks into the target."""
        ref = row.record.key
        self.journal.add(op="person", ref=ref)
        arrived = any(one["ref"] == ref and one["applied"] for one in self.journal.of("write"))
        if self.plan.can_look_up:
            retry_delivery(BUILDER, row, reason="Looked at it.")
        elif arrived:
            skip_delivery(BUILDER, row, reason="It is there.")
        else:
            cancel_delivery(BUILDER, row, reason="It is not there.")
            replay_delivery(BUILDER, row, reason="It is not there.")

    def _digest(self) -> str:
        # Keys are made of random ids; everything else is decided by the seed.
        lines = [{**one, "key": ""} for one in self.journal.lines()]
        rows = Delivery.objects.order_by("record__key", "id").values_list(
            "record__key", "state", "attempts", "record_version"
        )
        return blake2b(msgspec.json.encode([lines, list(rows)]), digest_size=8).hexdigest()
