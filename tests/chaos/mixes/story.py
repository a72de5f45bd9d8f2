"""One seed of a mix: people, sources and the engine in turns, and within each other's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from threading import Thread
from typing import Final

from django.db import connections
from django.utils import timezone

from syncjobs import crashpoints
from syncjobs.engine import runs
from syncjobs.engine.drain import drain
from syncjobs.models import Delivery, InboundEvent, Stream
from syncjobs.services import anew
from syncjobs.services import connections as connection_services
from syncjobs.state import CLAIMABLE
from tenants.context import schema_scope
from tests.chaos.lives import Body, Clock, live
from tests.chaos.mixes import promises
from tests.chaos.mixes.people import People
from tests.chaos.mixes.systems import Source, Target
from tests.chaos.plan import Strike
from tests.chaos.world import World, due_in
from tests.fakes.systems import FakeSystems

# Between transactions of the engine: here others may come in between.
BETWEEN: Final = (
    "deliver.after_claim",
    "ledger.after_commit",
    "intake.after_commit",
    "doorbell.after_clear",
)
TURNS: Final = 12
MOST_ROUNDS: Final = 80


@dataclass
class Mix:
    """A seed while it is played."""

    world: World
    seed: int
    clock: Clock = field(default_factory=Clock)
    lives: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(f"mix {self.seed}")
        self.source = Source()
        self.target = Target(dice=Random(f"target {self.seed}"), share=0.25)
        self.people = People(self.world, self.source, self.target, Random(f"acts {self.seed}"))
        self.left, self.died = 0, False

    def begin(self) -> None:
        """Undo what the seed before left."""
        with self._systems_of_services():
            self.people.mend()
        self.target.share = 0.25

    def play(self) -> None:
        """Play it all and hold every promise."""
        with self._systems_of_services():
            self._play()

    @contextmanager
    def _systems_of_services(self) -> Iterator[None]:
        usual = vars(connection_services)["Systems"], vars(anew)["can_look_up"]
        vars(connection_services)["Systems"] = self._systems
        vars(anew)["can_look_up"] = lambda _: True
        try:
            yield
        finally:
            vars(connection_services)["Systems"], vars(anew)["can_look_up"] = usual

    def _play(self) -> None:
        for _ in range(TURNS):
            for _ in range(self.dice.choice((1, 2, 3, 4))):
                self.people.act()
                promises.somebody_comes()
            self.world.travel(self.dice.choice((0, 1, 20, 301)))
            self._turn(disturbed=True)
            self._hold()
        self.target.meanwhile = None
        self.told("mended")
        self.people.mend()
        self._to_the_end()
        for _ in range(2):  # that something is gone there may show in the first round only
            self.people.try_all_again()
            self._to_the_end()
        self._hold()
        promises.only_the_hopeless_is_left(self.target)
        promises.newest_is_known(self.source)
        promises.newest_is_there(self.target)
        promises.nothing_dangles()

    def _hold(self) -> None:
        promises.somebody_comes()
        if not self.died:
            promises.counters_are_right()
        promises.what_stops_is_told()
        promises.no_effect_twice(self.target)
        promises.never_older(self.target)
        promises.moves_are_allowed()

    def told(self, text: str) -> None:
        self.people.told.append(text)

    def _systems(self) -> FakeSystems:
        lab, other = self.world.lab, self.world.other
        return FakeSystems(
            {
                lab.source_connection.pk: self.source,
                lab.target_connection.pk: self.target,
                other.source_connection.pk: other.source,
                other.target_connection.pk: other.target,
            }
        )

    def _turn(self, *, disturbed: bool) -> None:
        """Let a worker have a turn; others act in between, and it may die."""
        self.lives += 1
        self.left = self.dice.choice((0, 1, 2, 4)) if disturbed else 0
        strike = None
        if disturbed and self.dice.random() < 0.15:
            strike = Strike(self.dice.choice(BETWEEN), self.dice.choice((1, 2)), "kill")
        job = partial(self._work, self.dice.choice((3, 200)))
        ended = live(job, self.clock, seed=f"{self.seed} {self.lives}", strike=strike)
        self.died = bool(ended.code)
        if self.died:
            vars(runs)["_put_off"].clear()  # which was in its memory
        self.told(f"-- turn {self.lives}{' died' if ended.code else ''}")

    def _work(self, most: int, body: Body) -> None:
        def between(name: str) -> None:
            body.pass_by(name)
            if name in BETWEEN:
                self._interrupt(name)

        crashpoints.listen(between)
        self.target.meanwhile = partial(self._interrupt, "write")
        try:
            drain(most=most, systems=self._systems())
        finally:
            self.target.meanwhile = None

    def _interrupt(self, where: str) -> None:
        """Let somebody else act now, in a database session of their own."""
        if self.left <= 0 or self.dice.random() < 0.5:
            return
        self.left -= 1
        self.told(f"   at {where}:")
        failed: list[BaseException] = []
        schema = self.world.schema

        def act() -> None:
            try:
                with schema_scope(schema):
                    self.people.act()
            except BaseException as error:  # told to who started this thread
                failed.append(error)
            finally:
                connections.close_all()

        thread = Thread(target=act)
        thread.start()
        thread.join()
        if failed:
            raise AssertionError(f"at {where}: {failed[0]!r}") from failed[0]

    def _to_the_end(self) -> None:
        """Work, whenever the bell says so, until nothing moves."""
        self.world.travel(301)
        for _ in range(MOST_ROUNDS):
            self.world.travel(due_in() + 0.01)
            self._turn(disturbed=False)
            promises.somebody_comes()
            if not self._moves():
                return
        rows = list(Delivery.objects.values_list("record__key", "state", "outcome", "error_text"))
        raise AssertionError(f"not done after {MOST_ROUNDS} rounds: {rows}")

    def _moves(self) -> bool:
        going = Delivery.objects.filter(state__in=[*CLAIMABLE, "running"])
        came = InboundEvent.objects.filter(state="received")
        unread = Stream.objects.filter(next_poll_at__lte=timezone.now())
        return going.exists() or came.exists() or unread.exists()
