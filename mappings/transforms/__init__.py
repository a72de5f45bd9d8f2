"""The closed registry of steps that a rule may take."""

from collections.abc import Mapping, Sequence
from typing import Final

from mappings.transforms import amounts, choices, combining, contacts, dates, lists, texts
from mappings.transforms.base import (
    AnyStep,
    Param,
    Reading,
    Step,
    Transform,
    TransformError,
)
from mappings.transforms.settings import checked_settings

TRANSFORMS: Final[Mapping[str, Transform]] = {
    one.name: one
    for family in (texts, amounts, dates, choices, combining, lists, contacts)
    for one in family.TRANSFORMS
}


def build_step(name: str, given: Mapping[str, object]) -> AnyStep:
    """Return the function of one step. Raises TransformError that says what is wrong."""
    if name not in TRANSFORMS:
        raise TransformError(f"there is no step {name[:40]!r}")
    transform = TRANSFORMS[name]
    return transform.build(checked_settings(transform, given))


def build_steps(steps: Sequence[Mapping[str, object]]) -> tuple[tuple[str, AnyStep], ...]:
    """Return the functions of a rule's steps, each with its name. Raises TransformError."""
    made: list[tuple[str, AnyStep]] = []
    for one in steps:
        name = str(one["do"])
        settings = {key: value for key, value in one.items() if key != "do"}
        try:
            made.append((name, build_step(name, settings)))
        except TransformError as error:
            raise TransformError(f"{told_of_step(name, str(error))}.") from error
    return tuple(made)


def label_of(name: str) -> str:
    """Return what people call a step, its name when there is none."""
    return TRANSFORMS[name].label if name in TRANSFORMS else name


def told_of_step(name: str, text: str) -> str:
    """Return what went wrong in a step as a clause of its own: texts of steps begin with a verb
    where they tell of the value or of what the step needs."""
    verb = text.partition(" ")[0]
    subject = "the value " if verb in _OF_THE_VALUE else "it " if verb == "needs" else ""
    return f"Step '{label_of(name)[:40]}': {subject}{text}"


_OF_THE_VALUE: Final = frozenset({"is", "has", "does", "holds"})


def paths_read(step: Mapping[str, object]) -> list[str]:
    """Return the paths of other fields that a step names, as they are written."""
    name = str(step.get("do"))
    params = TRANSFORMS[name].params if name in TRANSFORMS else ()
    texts = [str(step.get(one.name) or "") for one in params if one.type == "paths"]
    return [path.strip() for text in texts for path in text.split(",") if path.strip()]


__all__ = [
    "TRANSFORMS",
    "AnyStep",
    "Param",
    "Reading",
    "Step",
    "Transform",
    "TransformError",
    "build_step",
    "build_steps",
    "label_of",
    "paths_read",
    "told_of_step",
]
