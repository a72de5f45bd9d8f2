"""What a seed decides: what comes in, where workers die, how the target fails. Pure."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

# Where a worker may be stopped past its lease: outside transactions, since a stopped process
# keeps its locks and others wait for it, as they should.
FREEZE_AT: Final = (
    "deliver.after_claim",
    "deliver.before_write",
    "deliver.after_write",
    "ledger.after_commit",
    "intake.after_commit",
    "doorbell.after_clear",
)
STRIKE_AT: Final = (
    *FREEZE_AT,
    "intake.before_commit",
    "ledger.before_commit",
    "arrivals.before_commit",
    "compare.before_commit",
)
SENDER_AT: Final = ("hook.before_commit", "hook.after_commit")
# keyed: a repeat under the same key has no second effect. blind: it cannot be asked what it has.
TARGETS: Final = ("plain", "plain", "keyed", "keyed_blind", "post_only")
# `…_before`: nothing happened there; `…_after`: it was done, and the caller never hears of it.
FAULTS: Final = ("429", "503_before", "503_after", "drop_before", "drop_after", "refused")
MANGLES: Final = ("keep", "keep", "delete", "double", "shuffle")
MINUTES: Final = (0, 0, 0, -10, 10)


@dataclass(frozen=True)
class Strike:
    """Where a worker is struck: the point, the how-manieth pass, and by what.

    kill: SIGKILL. stop: SIGSTOP until its lease is over and another worker has gone on, then
    SIGCONT. term: SIGTERM. cut: its database session is ended.
    """

    point: str
    number: int
    action: str


@dataclass(frozen=True)
class Change:
    """One record of the source as it is from now on: of a customer or a project."""

    kind: str
    number: int
    name: str
    tax: str
    moment: int
    by: str  # page, hook, or stale: by a page, and an older state by hook after it


@dataclass(frozen=True)
class Round:
    """What comes in, what happens to the queue's rows, and how the worker fares then."""

    changes: tuple[Change, ...]
    mangle: str
    strike: Strike | None
    minutes: int
    sender_dies: str = ""
    compare: bool = False


@dataclass(frozen=True)
class Plan:
    """A seed's whole story."""

    seed: int
    target: str
    batch: int
    most: int
    poison: bool
    faults: dict[int, str] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()

    @property
    def is_keyed(self) -> bool:
        """Whether the target drops a repeat by its idempotency key."""
        return self.target.startswith("keyed")

    @property
    def can_look_up(self) -> bool:
        """Whether the target says what it has."""
        return self.target in ("plain", "keyed")

    @property
    def is_real(self) -> bool:
        """Whether workers die as processes of their own, by a real signal."""
        return self.seed % 5 == 0

    @property
    def latest(self) -> dict[str, Change]:
        """What the source says at last, by reference."""
        ordered = sorted((c for r in self.rounds for c in r.changes), key=lambda one: one.moment)
        return {reference(one): one for one in ordered}


def reference(change: Change) -> str:
    """Return the number under which the target knows the record."""
    return f"{'C' if change.kind == 'customer' else 'P'}-{change.number}"


def plan_of(seed: int) -> Plan:
    """Return what this seed decides; the same each time."""
    dice = Random(seed)
    target = dice.choice(TARGETS)
    batch = dice.choice((1, 1, 3))
    return Plan(
        seed=seed,
        target=target,
        batch=batch,
        most=dice.choice((4, 6, 200)),
        poison=target != "post_only" and dice.random() < 0.15,
        faults={n: dice.choice(FAULTS) for n in range(30) if dice.random() < 0.2},
        rounds=tuple(_rounds(dice, _changes(dice, target))),
    )


def _changes(dice: Random, target: str) -> list[Change]:
    """A few customers and, where the target can be asked, projects of them; some change.

    A target that does not say what it has gets each customer once: nobody could find the one
    that is to be changed, or that something refers to, after an answer was lost.
    """
    is_blind = target in ("post_only", "keyed_blind")
    drafts = [("customer", n, 1) for n in range(dice.randint(5, 7))]
    if not is_blind:
        drafts += [("project", n, 1) for n in range(dice.randint(2, 4))]
        drafts += [(kind, n, 2) for kind, n, _ in drafts if kind == "customer" and n % 2]
    dice.shuffle(drafts)
    changes: list[Change] = []
    ways = ("page", "hook") if is_blind else ("page", "page", "hook", "stale")
    for moment, (kind, number, _) in enumerate(drafts):
        # What an odd customer's projects wait for comes with its second change.
        again = any((one.kind, one.number) == (kind, number) for one in changes)
        tax = f"T{number}" if number % 2 == 0 or again or is_blind else ""
        by = dice.choice(ways) if kind == "customer" else "page"
        changes.append(Change(kind, number, f"Name {moment}", tax, moment, by))
    return changes


def _rounds(dice: Random, changes: list[Change]) -> list[Round]:
    count = dice.randint(2, 4)
    parts: list[list[Change]] = [[] for _ in range(count)]
    for place, change in enumerate(changes):
        parts[place * count // len(changes)].append(change)
    return [
        Round(
            changes=tuple(part),
            mangle=dice.choice(MANGLES),
            strike=_strike(dice),
            minutes=dice.choice(MINUTES),
            sender_dies=dice.choice(("", "", *SENDER_AT)),
            compare=place > 0 and dice.random() < 0.3,
        )
        for place, part in enumerate(parts)
    ]


def _strike(dice: Random) -> Strike | None:
    action = dice.choice(("kill", "kill", "kill", "stop", "term", "cut", ""))
    if not action:
        return None
    point = dice.choice(FREEZE_AT if action == "stop" else STRIKE_AT)
    most = 5 if point in ("deliver.before_write", "deliver.after_write") else 2
    return Strike(point, dice.randint(1, most), action)
