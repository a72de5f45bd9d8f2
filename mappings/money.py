"""Which parts of a change to a mapping can alter an amount. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from mappings.canonical.custom import NONE, CustomFields
from mappings.canonical.registry import SCHEMAS, fields_of
from mappings.diff import changed_rules, is_same
from mappings.documents import checks_of, objects_in, rules_of
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.parts import EACH
from mappings.paths import BadPath, split
from mappings.transforms import paths_read

Record = Mapping[str, object]
_WORDS: Final = (
    "amount", "rate", "price", "total", "tax", "hours", "quantity", "qty", "currency", "cost",
    "fee", "discount", "billable", "paid", "budget", "vat", "value", "duration",
)  # fmt: skip
_TYPES: Final = frozenset({"money", "decimal"})


def money_parts(old: Record, new: Record, canonical: str, custom: CustomFields = NONE) -> list[str]:
    """Return what of the difference touches money: targets of rules, and checks by their id.

    The rule that says of which list each member becomes a record counts, since it decides how many
    amounts there are. Another one counts when its target or something that it reads is money,
    hours or a rate by name or, for the canonical object, by type; a check when what it reads is.
    """
    fields = _money_fields(canonical, custom)
    found = {
        str(rule.get("target"))
        for rule in changed_rules(old, new)
        if rule.get("target") == EACH or any(_is_money(path, fields) for path in _paths(rule))
    }
    before = {str(one.get("id")): one for one in checks_of(old)}
    after = {str(one.get("id")): one for one in checks_of(new)}
    for ident in {*before, *after}:
        was, now = before.get(ident), after.get(ident)
        read = [path for one in (was, now) if one for path in _read_by(one.get("assert"))]
        if not is_same(was, now) and any(_is_money(path, fields) for path in read):
            found.add(f"check {ident}")
    return sorted(found)


def _money_fields(canonical: str, custom: CustomFields) -> frozenset[str]:
    if canonical not in SCHEMAS:
        return frozenset()
    fields = fields_of(canonical, custom).values()
    return frozenset(one.name for one in fields if one.type in _TYPES)


def _paths(rule: Record) -> Iterator[str]:
    """Give all names that a rule fills or reads, also those of its members."""
    for name in ("target", "source", "for_each"):
        if isinstance(path := rule.get(name), str):
            yield path
    yield from _read_by(rule.get("expr"))
    yield from _read_by(rule.get("when"))
    for step in objects_in(rule.get("steps")):
        yield from paths_read(step)
    for member in rules_of(rule):
        yield from _paths(member)


def _read_by(expression: object) -> list[str]:
    if not isinstance(expression, str) or not expression:
        return []
    try:
        return Expression(expression).paths
    except ExpressionError:
        return [expression]  # what can't be read is judged by its words


def _is_money(path: str, fields: frozenset[str]) -> bool:
    lowered = path.lower()
    if any(word in lowered for word in _WORDS):
        return True
    try:
        return not fields.isdisjoint(split(path))
    except BadPath:
        return True
