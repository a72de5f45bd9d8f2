"""Every state machine of the engine, as data. Pure, and the only place that names a next state.

`syncjobs.engine.transitions` applies these tables to rows; no other code sets a state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from governance.errors import BadTransition
from tenants.nouns import in_words


@dataclass(frozen=True, slots=True)
class Machine:
    """One state machine.

    labels: state → how people read it, in the order that lists show.
    moves: move → (states it may start from, state it leads to).
    open: states that still need something to happen.
    """

    noun: str
    start: str
    labels: Mapping[str, str]
    moves: Mapping[str, tuple[frozenset[str], str]]
    open: frozenset[str]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return Django's choices."""
        return list(self.labels.items())

    @property
    def closed(self) -> frozenset[str]:
        """Return the states in which nothing is left to do."""
        return frozenset(self.labels) - self.open

    def sources(self, move: str) -> list[str]:
        """Return the states that `move` may start from, sorted."""
        return sorted(self.moves[move][0])

    def target(self, move: str) -> str:
        """Return the state that `move` leads to."""
        return self.moves[move][1]

    def may(self, state: str, move: str) -> bool:
        """Say whether the table has that way."""
        return state in self.moves[move][0]

    def after(self, state: str, move: str) -> str:
        """Return where `move` leads from `state`. Raises BadTransition."""
        sources, target = self.moves[move]
        if state not in sources:
            word = self.labels.get(state, state).lower()
            text = f"This {self.noun} is {word}, so it cannot {move.replace('_', ' ')} now."
            raise BadTransition(in_words(text))
        return target


def _machine(
    noun: str,
    start: str,
    labels: dict[str, str],
    moves: dict[str, tuple[str, str]],
    closed: str,
) -> Machine:
    table = {
        move: (frozenset(sources.split()), target) for move, (sources, target) in moves.items()
    }
    return Machine(
        noun=noun,
        start=start,
        labels=MappingProxyType(labels),
        moves=MappingProxyType(table),
        open=frozenset(labels) - frozenset(closed.split()),
    )


# A delivery: one record × one step × one target. "unknown" is never left without a look-up.
DELIVERY: Final = _machine(
    "delivery",
    "pending",
    {
        "pending": "Pending",
        "running": "Running",
        "delivered": "Delivered",
        "unchanged": "Unchanged",
        "held": "On hold",
        "waiting": "Waiting",
        "retrying": "Retrying",
        "unknown": "Outcome unknown",
        "failed": "Failed",
        "parked": "Parked",
        "cancelled": "Cancelled",
        "skipped": "Skipped",
    },
    {
        "claim": ("pending retrying unknown", "running"),
        "deliver": ("running", "delivered"),
        "find_unchanged": ("running", "unchanged"),
        "hold": ("running", "held"),
        "wait": ("running", "waiting"),
        "retry_later": ("running", "retrying"),
        "lose_answer": ("running", "unknown"),
        "lose_lease": ("running", "unknown"),
        "give_back": ("running", "pending"),
        "requeue_newer": ("running", "pending"),
        "fail": ("running", "failed"),
        "park": ("running", "parked"),
        # A newer version of the record: what was wrong with the older one may be gone.
        "supersede": ("pending held waiting failed", "pending"),
        # What was missing has arrived, or a person says go.
        "release": ("held waiting", "pending"),
        "retry": ("failed parked retrying unknown", "pending"),
        "cancel": ("pending held waiting retrying unknown failed parked", "cancelled"),
        "skip": ("pending held waiting retrying unknown failed parked", "skipped"),
    },
    closed="delivered unchanged cancelled skipped",
)
# What the claim may take, and what a person must look at.
CLAIMABLE: Final = DELIVERY.moves["claim"][0]
NEEDS_PERSON: Final = frozenset({"failed", "parked"})
BLOCKED: Final = frozenset({"held", "waiting"})
MOVING: Final = DELIVERY.open - BLOCKED - NEEDS_PERSON

# A run: one reading of a source, or one workflow's work from one cause.
RUN: Final = _machine(
    "run",
    "running",
    {
        "running": "Running",
        "partial": "Needs attention",
        "succeeded": "Succeeded",
        "failed": "Failed",
        "cancelled": "Cancelled",
    },
    {
        "settle_well": ("running partial failed", "succeeded"),
        "settle_partly": ("running succeeded failed", "partial"),
        "settle_badly": ("running partial succeeded", "failed"),
        "resume": ("partial succeeded failed", "running"),
        "cancel": ("running partial failed", "cancelled"),
    },
    closed="succeeded cancelled",
)

# An issue, shown as "exception": one per cause.
ISSUE: Final = _machine(
    "exception",
    "open",
    {"open": "Open", "assigned": "Assigned", "resolved": "Resolved"},
    {
        "assign": ("open assigned", "assigned"),
        "unassign": ("assigned", "open"),
        "resolve": ("open assigned", "resolved"),
        "reopen": ("resolved", "open"),
    },
    closed="resolved",
)

CONNECTION: Final = _machine(
    "connection",
    "untested",
    {
        "untested": "Not tested yet",
        "ready": "Ready",
        "failing": "Failing",
        "refused": "Credentials refused",
        "disabled": "Switched off",
    },
    {
        "pass": ("untested ready failing refused", "ready"),
        "fail": ("untested ready failing refused", "failing"),
        "refuse": ("untested ready failing", "refused"),
        "disable": ("untested ready failing refused", "disabled"),
        "enable": ("disabled", "untested"),
        "change": ("untested ready failing refused", "untested"),
    },
    closed="disabled",
)

# Nothing passes such a connection until a person mends it.
UNUSABLE: Final = frozenset({"refused", "disabled"})

# The breaker in front of a connection: opens after failures in a row, lets one probe through.
BREAKER: Final = _machine(
    "breaker",
    "closed",
    {"closed": "Closed", "open": "Open", "half_open": "Probing"},
    {
        "trip": ("closed half_open open", "open"),
        "probe": ("open half_open", "half_open"),
        "heal": ("half_open open closed", "closed"),
    },
    closed="closed",
)

WORKFLOW: Final = _machine(
    "workflow",
    "active",
    {"active": "Active", "paused": "Paused", "archived": "Archived"},
    {
        "pause": ("active", "paused"),
        "resume": ("paused", "active"),
        "archive": ("active paused", "archived"),
    },
    closed="archived",
)

# Something that came in and is kept as it came: a webhook, or a record that no mapping took.
INBOUND: Final = _machine(
    "inbound record",
    "received",
    {
        "received": "Received",
        "processed": "Processed",
        "set_aside": "Set aside",
        "discarded": "Discarded",
    },
    {
        "process": ("received set_aside", "processed"),
        "set_aside": ("received processed set_aside", "set_aside"),
        "discard": ("received set_aside", "discarded"),
    },
    closed="processed discarded",
)

# A program that hears of what happens, and what is sent to it.
ENDPOINT: Final = _machine(
    "endpoint",
    "on",
    {"on": "On", "off": "Switched off", "stopped": "Stopped"},
    {
        "switch_on": ("off stopped", "on"),
        "switch_off": ("on stopped", "off"),
        "stop": ("on", "stopped"),
    },
    closed="off stopped",
)
MESSAGE: Final = _machine(
    "message",
    "waiting",
    {"waiting": "Waiting", "delivered": "Delivered", "failed": "Failed"},
    {
        "deliver": ("waiting failed", "delivered"),
        "fail": ("waiting", "failed"),
        "send_again": ("waiting delivered failed", "waiting"),
    },
    closed="delivered failed",
)

MACHINES: Final = (
    *(DELIVERY, RUN, ISSUE, CONNECTION, BREAKER, WORKFLOW, INBOUND),
    *(ENDPOINT, MESSAGE),
)
