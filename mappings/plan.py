"""The short way through a mapping's rules for records that are as expected. Pure.

By far the most rules copy a text, cast a value or compute an expression, and by far the most
records have what these want. Such a rule takes the short way here; whatever is unusual in rule
or record (missing, empty, too long, of another kind, an error) goes through `Rule.value`, which
alone knows policies and problems. Both give the same: `tests/mappings/test_plan.py` holds that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mappings.documents import Problem
from mappings.inputs import SKIPPED, Inputs, Record, Stop
from mappings.language.budget import Budget, ExpressionError
from mappings.language.evaluate import NOTHING_TO_SPEND
from mappings.rules import Rule, new_budget, put_once
from mappings.transforms import TransformError
from mappings.values import CASTS, MAX_TEXT, BadValue, as_words

# How a rule is taken: a text as it is, an expression that gives a text, a value through a
# function, another expression or constant, or the long way.
_TEXT, _WORDS, _VALUE, _EXPRESSION, _LONG = range(5)
_EMPTY: Final[Record] = {}
_UNUSUAL: Final = (TransformError, ArithmeticError, BadValue, ExpressionError, Stop)
# A value from the record, or from (record, variables, budget) for an expression.
_Quick = Callable[..., object]


@dataclass(frozen=True, slots=True)
class _Step:
    """One rule's short way. holder: which object of the record has its field; key, below: where
    the value goes, "" for a field of the record itself."""

    mode: int
    holder: int
    name: str
    quick: _Quick
    key: str
    below: str
    rule: Rule


def _nothing(*given: object) -> object:
    return None


class Plan:
    """Rules, ready to run on many records."""

    __slots__ = ("_parents", "_steps")

    def __init__(self, rules: Sequence[Rule]) -> None:
        parents: dict[tuple[str, ...], int] = {(): 0}
        steps = [_step(rule, parents) for rule in rules]
        # Tuples: the loop takes each apart for every record.
        self._steps = tuple(
            (one.mode, one.holder, one.name, one.quick, one.key, one.below, one.rule)
            for one in steps
        )
        self._parents = tuple(
            (parents[way[:-1]], way[-1]) for way in list(parents)[1:]
        )  # each after the one that holds it

    def fill(
        self,
        record: Record,
        inputs: Inputs,
        data: dict[str, object],
        spent: Budget | None = None,
    ) -> list[Problem]:
        """Put what the rules make of a record into `data`; return what stopped them.

        `spent`: what is left for it where several records of one share a budget.
        """
        problems: list[Problem] = []
        holders = self._holders(record)
        variables = inputs.variables
        for mode, holder, name, quick, key, below, rule in self._steps:
            try:
                if mode <= _WORDS:
                    value = (
                        holders[holder].get(name)
                        if mode == _TEXT
                        else quick(record, variables, NOTHING_TO_SPEND)
                    )
                    if type(value) is not str or len(value) > MAX_TEXT or not value.isprintable():
                        value = None
                elif mode == _VALUE:
                    value = quick(holders[holder].get(name))
                else:
                    value = quick(record, variables, NOTHING_TO_SPEND)
            except _UNUSUAL:
                value = None
            if not value and (value is None or value == ""):
                spent = spent or new_budget()
                _take_long_way(rule, record, inputs, spent, data, problems)
            elif not below:
                data[key] = value
            elif (inner := data.get(key)) is None:
                data[key] = {below: value}
            else:
                inner[below] = value  # type: ignore[index]  # no target lies above another
        return problems

    def _holders(self, record: Record) -> list[Record]:
        """Return the objects that hold the rules' fields; an empty one where there is none."""
        holders: list[Record] = [record]
        for above, name in self._parents:
            value = holders[above].get(name)
            holders.append(value if type(value) is dict else _EMPTY)
        return holders


def _take_long_way(
    rule: Rule,
    record: Record,
    inputs: Inputs,
    spent: Budget,
    data: dict[str, object],
    problems: list[Problem],
) -> None:
    try:
        value = rule.value(record, inputs, spent)
        if value is not SKIPPED:
            put_once(data, rule, value)
    except Stop as stop:
        problems.append(stop.problem)


def _step(rule: Rule, parents: dict[tuple[str, ...], int]) -> _Step:
    mode, quick = _way(rule)
    holder, name = 0, ""
    if mode in (_TEXT, _VALUE):
        *above, name = rule.source_parts
        for size in range(1, len(above) + 1):
            parents.setdefault(tuple(above[:size]), len(parents))
        holder = parents[tuple(above)]
    below = rule.parts[1] if len(rule.parts) == 2 else ""
    return _Step(mode, holder, name, quick, rule.parts[0], below, rule)


def _way(rule: Rule) -> tuple[int, _Quick]:
    """Return how a rule is taken."""
    if rule.when is not None or rule.lookup or rule.members is not None:
        return _LONG, _nothing
    if rule.is_shared or rule.combines or len(rule.parts) > 2:
        return _LONG, _nothing
    cast = CASTS[rule.type]
    if rule.source:
        return (_TEXT, _nothing) if cast is as_words and not rule.steps else _value(rule)
    if rule.steps:
        return _LONG, _nothing
    expression = rule.expression
    if expression is not None:
        return (_LONG, _nothing) if expression.walks else _expressed(rule)
    try:
        constant = cast(rule.constant)
    except BadValue:
        return _LONG, _nothing
    # A list or object is the record's own to change: it must not be shared.
    if isinstance(constant, list | Mapping):
        return _LONG, _nothing
    return _EXPRESSION, lambda record, variables, budget: constant


def _value(rule: Rule) -> tuple[int, _Quick]:
    cast, steps = CASTS[rule.type], tuple(step for _, step in rule.steps)
    if not steps:
        return _VALUE, cast
    if len(steps) == 1:
        only = steps[0]
        return _VALUE, lambda value: None if value is None or value == "" else cast(only(value))

    def stepped(value: object) -> object:
        if value is None or value == "":
            return None
        for step in steps:
            value = step(value)
            if value is None:
                return None
        return cast(value)

    return _VALUE, stepped


def _expressed(rule: Rule) -> tuple[int, _Quick]:
    cast, expression = CASTS[rule.type], rule.expression
    assert expression is not None
    run = expression.evaluator
    if cast is as_words:
        return _WORDS, run
    if cast is CASTS["decimal"] and expression.gives_clean_number:
        return _EXPRESSION, run
    return _EXPRESSION, lambda record, variables, budget: cast(run(record, variables, budget))
