"""What a transform is, and the closed registry of them. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Step = Callable[[object], object]
MAX_TEXT = 10_000
MAX_ITEMS = 10_000


class TransformError(ValueError):
    """A value that a transform can't take; says what it needs. Fit to show."""


@dataclass(frozen=True, slots=True)
class Param:
    """A setting of a transform."""

    name: str
    type: Literal["text", "integer", "decimal", "choice", "table", "zone"]
    required: bool = True
    default: object = None
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Transform:
    """A named step. `build` takes the checked settings and returns the function of a value.

    Null never reaches a step: the rule's `on_null` decides before.
    """

    name: str
    label: str
    family: str
    build: Callable[[Mapping[str, object]], Step]
    params: tuple[Param, ...] = field(default=())


def plain(step: Step) -> Callable[[Mapping[str, object]], Step]:
    """Return a builder for a step that has no settings."""
    return lambda params: step


def text_of(value: object) -> str:
    """Return a text. Raises TransformError for lists and objects, and for a text too long."""
    if isinstance(value, list | dict):
        raise TransformError("needs a text, not a list or object")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise TransformError(f"the text is longer than {MAX_TEXT} characters")
    return text


def list_of(value: object) -> list[object]:
    """Return a list. Raises TransformError for anything else and for one too long."""
    if not isinstance(value, list):
        raise TransformError("needs a list")
    if len(value) > MAX_ITEMS:
        raise TransformError(f"the list has more than {MAX_ITEMS} members")
    return value
