"""Which field of a source could fill which target: by name, by what was done before, by type. Pure.

Nothing is guessed that could be read in two ways: a day that all values of the sample allow in
two forms gets no step, and the sample's rows then say that one is needed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product
from typing import Final

from mappings.canonical.fields import Field
from mappings.numbers import NotANumber, as_decimal
from mappings.synonyms import SYNONYMS
from mappings.transforms import TransformError, build_step
from mappings.transforms.dates import FORMATS
from mappings.values import CASTS, BadValue

# Of the values, so many have to read in a way before that way is suggested.
_ENOUGH: Final = 0.8
_ALIKE: Final = 0.82
_ISO_DAY: Final = "YYYY-MM-DD"
# What the number of a record is called in one word with what it is the number of.
_NUMBERED: Final = ("nr", "nummer", "number", "numero", "no", "id")
# What the key of another record is called, after what that record is.
_KEYED: Final = frozenset({*_NUMBERED, "code", "key", "ref", "reference", "kurzel"})
_CURRENCIES: Final = frozenset({
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR",
    "JPY", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "TRY", "USD", "ZAR",
})  # fmt: skip
OWN_VALUES: Final = "own"
Step = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule that could be. `why`: in a few words. lookup: OWN_VALUES where a value map of the
    rule's own would turn the words into the field's."""

    target: str
    source: str
    steps: tuple[Step, ...] = ()
    lookup: str = ""
    why: str = ""


def normal(name: str) -> str:
    """Return a name without accents, capitals and signs: `Währung (ISO)` is `wahrung iso`."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    plain = unicodedata.normalize("NFKD", spaced.replace("ß", "ss")).casefold()
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def suggest(
    fields: Sequence[Field],
    values: Mapping[str, Sequence[str]],
    done_before: Mapping[tuple[str, str], int],
) -> list[Suggestion]:
    """Return rules for fields that none fills yet, each source for one of them at most.

    values: the source's paths, with what the sample has under each. done_before: how often
    other mappings take a target from a source, by (target, `normal` source).
    """
    ranked = sorted(
        (
            (score, place, name, why)
            for place, field in enumerate(fields)
            for name in values
            for score, why in [_score(field, name, values[name], done_before)]
            if score
        ),
        key=lambda one: (-one[0], one[1]),
    )
    found: dict[int, Suggestion] = {}
    taken: set[str] = set()
    for _, place, name, why in ranked:
        if place in found or name in taken:
            continue
        taken.add(name)
        steps, lookup = _way(fields[place], values[name])
        found[place] = Suggestion(fields[place].name, name, steps, lookup, why)
    return [found[place] for place in sorted(found)]


def _score(
    field: Field,
    name: str,
    values: Sequence[str],
    done_before: Mapping[tuple[str, str], int],
) -> tuple[float, str]:
    """Return how well a source's name fits a field, 0 for not at all, and why."""
    score, why = _named_alike(field, name, done_before)
    if not score and field.name == "currency" and values and {*values} <= _CURRENCIES:
        return 1, "Holds currencies"
    return (score, why) if score and _fits(field, values) else (0, "")


def _named_alike(
    field: Field, name: str, done_before: Mapping[tuple[str, str], int]
) -> tuple[float, str]:
    given, last = normal(name), normal(name.replace("\\.", " ").rpartition(".")[2])
    own = {normal(field.name), normal(field.label)}
    if not given:
        return 0, ""
    if field.reference_to and _is_key(field, given):
        return 4.5, "Its number"
    if given in own or last in own:
        return 4 if given in own else 3.8, "Same name"
    if times := done_before.get((field.name, given), 0):
        return 3 + min(times, 50) / 100, "As in other mappings"
    if given in SYNONYMS.get(field.name, ()) or last in SYNONYMS.get(field.name, ()):
        return 2.5, "Similar name"
    words = {given.partition(" ")[0], given.rpartition(" ")[2]}
    if words & {*own, *SYNONYMS.get(field.name, ())}:
        return 1.5, "Similar name"
    if field.name == "number" and given.split(" ")[-1].endswith(_NUMBERED):
        return 1.2, "Ends as a number does"
    likeness = max(_likeness(given, one) for one in own)
    return (likeness, "Similar name") if likeness >= _ALIKE else (0, "")


def _is_key(field: Field, given: str) -> bool:
    """Say whether a heading names the key of what a field refers to: `Project code`, not
    `Project`, which has its name as often."""
    stem, _, end = given.rpartition(" ")
    known = {normal(field.name), normal(field.label), *SYNONYMS.get(field.name, ())}
    return end in _KEYED and stem in known


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, 0 where their length says that they are not."""
    found = SequenceMatcher(None, one, other)
    return found.ratio() if found.real_quick_ratio() >= _ALIKE else 0


def _fits(field: Field, values: Sequence[str]) -> bool:
    """Say whether what the sample has can be of the field's type."""
    if not values:
        return True
    if field.type in ("decimal", "money", "integer"):
        return any(_share(values, read) >= _ENOUGH for _, read in _number_readers())
    if field.type == "date":
        return any(_share(values, read) >= 0.5 for _, read in _day_readers())
    if field.type == "datetime":
        return _share(values, CASTS["datetime"]) >= 0.5
    return field.type not in ("list", "object")


def _way(field: Field, values: Sequence[str]) -> tuple[tuple[Step, ...], str]:
    """Return the steps, and the look-up, that the sample's values need for a field."""
    if not values:
        return (), ""
    if field.type in ("decimal", "money", "integer"):
        return _number_steps(values), ""
    if field.type == "date":
        return _day_steps(values), ""
    if field.type == "boolean":
        step = build_step("to_boolean", {})
        return (({"do": "to_boolean"},), "") if _share(values, step) >= _ENOUGH else ((), "")
    if field.choices and not set(values) <= set(field.choices):
        lowered = {one.strip().lower() for one in values} <= set(field.choices)
        return (({"do": "lower"},), "") if lowered else ((), OWN_VALUES)
    if field.name == "currency" and any(not re.fullmatch("[A-Z]{3}", one) for one in values):
        return (), OWN_VALUES
    return (), ""


def _share(values: Sequence[str], read: Callable[[object], object]) -> float:
    """Return how many of the values can be read so, as a part of all."""
    return sum(_reads(read, one) for one in values) / len(values)


def _reads(read: Callable[[object], object], value: str) -> bool:
    try:
        read(value)
    except (TransformError, BadValue, NotANumber, ArithmeticError):
        return False
    return True


def _number_readers() -> Iterator[tuple[Step | None, Callable[[object], object]]]:
    yield None, as_decimal
    for sign, thousands in product(",.", ["", ".", ",", " ", "'"]):
        if sign != thousands:
            given = {"decimal_sign": sign, "thousands_sign": thousands}
            settings = given if thousands else {"decimal_sign": sign}
            yield {"do": "parse_number", **settings}, build_step("parse_number", given)


def _number_steps(values: Sequence[str]) -> tuple[Step, ...]:
    """Return how to read the numbers, nothing when they need it not or allow two ways."""
    readers = list(_number_readers())
    shares = [_share(values, read) for _, read in readers]
    if shares[0] == 1 and not any("." in one for one in values):
        return ()
    best = max(shares)
    if best < _ENOUGH or shares[0] == best:
        return ()
    ways = [step for (step, _), share in zip(readers, shares, strict=True) if share == best]
    signs = {str(step["decimal_sign"]) for step in ways if step}
    return tuple(one for one in ways[:1] if one) if len(signs) == 1 else ()


def _day_readers() -> Iterator[tuple[str, Callable[[object], object]]]:
    for form in FORMATS:
        yield form, build_step("parse_date", {"format": form})


def _day_steps(values: Sequence[str]) -> tuple[Step, ...]:
    """Return how to read the days, nothing when they are ISO days or allow two forms."""
    if _share(values, CASTS["date"]) == 1:
        return ()
    shares = {form: _share(values, read) for form, read in _day_readers()}
    best = max(shares.values())
    forms = [form for form, share in shares.items() if share == best]
    if best < 0.5 or len(forms) != 1 or forms[0] == _ISO_DAY:
        return ()
    return ({"do": "parse_date", "format": forms[0]},)
