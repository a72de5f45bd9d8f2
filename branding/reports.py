"""Reports of evidence: the life of one as data, and the shapes that it is drawn from. Pure.

The one table of states; only `branding.services` sets one.
"""

from types import MappingProxyType
from typing import Final, Literal

import msgspec

from governance.errors import BadTransition
from governance.evidence import Evidence

State = Literal["asked", "drawing", "ready", "failed", "removed"]
Move = Literal["take", "finish", "give_up", "remove"]
Form = Literal["pdf", "xlsx"]

LABELS: Final = MappingProxyType(
    {
        "asked": "Waiting",
        "drawing": "Being made",
        "ready": "Ready",
        "failed": "Failed",
        "removed": "File removed",
    }
)
FORMS: Final = MappingProxyType({"pdf": "Report (PDF)", "xlsx": "Workbook (XLSX)"})
# "take" again from "drawing": the next part, or a worker that follows one that died.
TRANSITIONS: Final = MappingProxyType[tuple[State, Move], State](
    {
        ("asked", "take"): "drawing",
        ("asked", "give_up"): "failed",
        ("drawing", "take"): "drawing",
        ("drawing", "finish"): "ready",
        ("drawing", "give_up"): "failed",
        ("ready", "remove"): "removed",
    }
)
OPEN: Final = frozenset({"asked", "drawing"})
# How many changes one paper details; what is more becomes a paper more. A change takes a worker
# some 0.15 s and 1 MB, and a worker that takes nothing else for 90 s counts as stuck.
STORIES_IN_A_PART: Final = 100


def next_state(state: State, move: Move) -> State:
    """Return where `move` leads from `state`. Raises BadTransition."""
    after = TRANSITIONS.get((state, move))
    if after is None:
        raise BadTransition(f"This report is {LABELS[state].lower()}: it cannot {move} now.")
    return after


def part_count(evidence: Evidence, form: Form) -> int:
    """Return in how many parts the evidence is drawn: a workbook always in one."""
    if form == "xlsx":
        return 1
    return max(1, -(-len(evidence.stories) // STORIES_IN_A_PART))


def packed(evidence: Evidence) -> bytes:
    """Return the evidence as JSON, so that all parts are drawn from one and the same."""
    return msgspec.json.encode(evidence)


def unpacked(content: bytes) -> Evidence:
    """Return what `packed` made. Raises msgspec.DecodeError."""
    return msgspec.json.decode(content, type=Evidence)
