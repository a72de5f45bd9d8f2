"""What a transform is, and what its steps share. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from mappings.numbers import as_text

Record = Mapping[str, object]
MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 10_000
# Choices that cannot be seen.
_SIGNS: Final = MappingProxyType({"": "None", " ": "Space"})


class TransformError(ValueError):
    """A value that a transform can't take, or a setting that it can't have. Fit to show."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A step that reads other fields of the record, too.

    run: from (value, record). paths: what it reads. fills: whether it also takes an empty value;
    else the rule's `on_null` decides before, as for every step.
    """

    run: Callable[[object, Record], object]
    paths: tuple[str, ...] = ()
    fills: bool = False

    def __call__(self, value: object) -> object:
        """Run on a value alone, where there are no other fields."""
        return self.run(value, {})


Step = Callable[[object], object]
AnyStep = Step | Reading


@dataclass(frozen=True, slots=True)
class Param:
    """A setting of a transform. `choices`: the values that a choice may have; "paths": those of
    other fields of the record, with commas between. title: what people read for it, where the
    name does not say it.
    """

    name: str
    type: Literal["text", "integer", "decimal", "choice", "table", "zone", "paths"]
    required: bool = True
    default: object = None
    choices: tuple[str, ...] = ()
    help: str = ""
    title: str = ""

    @property
    def label(self) -> str:
        """The name as people read it."""
        return self.title or self.name.replace("_", " ").capitalize()

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Each choice with what people read for it."""
        return [(one, _SIGNS.get(one, one.replace("_", " "))) for one in self.choices]


@dataclass(frozen=True, slots=True)
class Transform:
    """A named step. `build` takes the checked settings and returns the function of a value.

    Null reaches only a step that `fills`; else the rule's `on_null` decides before. A step may
    raise TransformError, or ArithmeticError for a result that is out of range. help: what it
    does, in a line, where the label does not say it.
    """

    name: str
    label: str
    family: str
    build: Callable[[Mapping[str, object]], AnyStep]
    params: tuple[Param, ...] = field(default=())
    help: str = ""


def plain(step: Step) -> Callable[[Mapping[str, object]], Step]:
    """Return a builder for a step that has no settings."""
    return lambda params: step


def text_of(value: object) -> str:
    """Return a text. Raises TransformError for lists and objects, and for a text too long."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, Decimal):
        text = as_text(value)
    elif isinstance(value, int) and value.bit_length() < 200:
        text = str(value)
    else:
        raise TransformError("needs a text")
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
