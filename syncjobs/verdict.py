"""Is it safe to send a delivery again? Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Answer = Literal["safe", "verify", "manual"]
LABELS: Final = {
    "safe": "Safe to send again",
    "verify": "Verify first",
    "manual": "Needs a person",
}
# Of one, and of several.
_COUNTED: Final[dict[Answer, tuple[str, str]]] = {
    "safe": ("safe to send again", "safe to send again"),
    "verify": ("verified first", "verified first"),
    "manual": ("needs a person", "need a person"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a delivery.

    `known_there`: we hold the record's id in the target. `idempotent_target`: a repeated key
    has one effect there. `can_look_up`: the target can be asked what a write left.
    `outcome_open`: a write was sent, or may have been, and its answer never came.
    `same_content`: the target already has exactly what would be sent. `done_before`: this step has
    written something for the record before. `gone`: the target said that the record is gone.
    """

    mode: str
    state: str
    known_there: bool
    idempotent_target: bool
    can_look_up: bool
    outcome_open: bool
    same_content: bool = False
    done_before: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, why, and what sending again is expected to do."""

    answer: Answer
    why: str
    effect: str

    @property
    def label(self) -> str:
        """Return how people read the answer."""
        return LABELS[self.answer]


@dataclass(frozen=True, slots=True)
class Preview:
    """What sending many again comes to: each verdict with how many have it, the safe ones first."""

    parts: tuple[tuple[int, Verdict], ...]

    @property
    def total(self) -> int:
        """Return how many were judged."""
        return sum(count for count, _ in self.parts)

    @property
    def doubtful(self) -> int:
        """Return how many may be done a second time: a person decides on them."""
        return sum(count for count, one in self.parts if one.answer == "manual")

    @property
    def goes(self) -> int:
        """Return how many can be sent without a person's look at the target."""
        return self.total - self.doubtful

    @property
    def in_short(self) -> str:
        """Return such as "12 safe to send again · 1 needs a person"."""
        found = Counter[Answer]()
        for count, one in self.parts:
            found[one.answer] += count
        return " · ".join(
            f"{found[answer]} {words[found[answer] > 1]}"
            for answer, words in _COUNTED.items()
            if found[answer]
        )


def preview(verdicts: Iterable[Verdict]) -> Preview:
    """Count equal verdicts: safe before verified before manual, the most first."""
    order = list(LABELS)
    counted = Counter(verdicts).items()
    ranked = sorted(counted, key=lambda one: (order.index(one[0].answer), -one[1], one[0].effect))
    return Preview(tuple((count, one) for one, count in ranked))


def verdict(facts: Facts) -> Verdict:
    """Judge whether the delivery can be sent again."""
    if facts.same_content and not facts.outcome_open:
        return Verdict("safe", "The target has exactly this content.", "Writes nothing.")
    if facts.gone and facts.known_there:
        return Verdict(
            "verify", "The target says that it is gone there.", "Fails again unless it is back."
        )
    if facts.mode == "match":
        return Verdict("safe", "It is only looked for in the target.", "Writes nothing.")
    if facts.mode == "action":
        return _action(facts)
    if facts.known_there:
        return Verdict(
            "safe", "The record is known there by its id.", "Updates the one record that exists."
        )
    if not facts.outcome_open:
        return Verdict("safe", "Nothing has reached the target yet.", "Creates the record.")
    if facts.can_look_up:
        return Verdict(
            "verify",
            "An earlier write may have arrived.",
            "Asks the target first; creates the record only if it is not there.",
        )
    if facts.idempotent_target:
        return Verdict(
            "safe", "The target ignores a repeated key.", "Creates the record at most once."
        )
    return Verdict(
        "manual",
        "An earlier write may have arrived, and the target cannot be asked.",
        "Could create the record a second time.",
    )


def verdict_anew(*, makes: bool, can_look_up: bool, is_deleted: bool) -> Verdict:
    """Judge whether what is gone in a target can be made again there.

    `makes`: a step of ours makes it. `is_deleted`: its source has deleted it as well.
    """
    if is_deleted:
        return Verdict("safe", "Its source has deleted it.", "Writes nothing.")
    if not makes:
        return Verdict(
            "manual",
            "No step of ours makes it there.",
            "Waits until somebody has made it there, and is then written.",
        )
    if can_look_up:
        return Verdict(
            "verify",
            "It was there, and is said to be gone.",
            "Asks the target by its number; creates the record only if it is not there.",
        )
    return Verdict(
        "manual",
        "The target cannot be asked whether it has the record under another id.",
        "Creates the record; a second time, if it is there after all.",
    )


def _action(facts: Facts) -> Verdict:
    if facts.done_before:
        return Verdict("manual", "The action was done before.", "Does it a second time.")
    if not facts.outcome_open:
        return Verdict("safe", "The action has not reached the target.", "Does it once.")
    if facts.idempotent_target:
        return Verdict("safe", "The target ignores a repeated key.", "Does it at most once.")
    return Verdict("manual", "The action may have been done already.", "Could do it a second time.")
