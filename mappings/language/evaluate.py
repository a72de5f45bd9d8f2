"""From nodes to a function of record and variables."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from mappings.language.budget import MAX_STEPS, MAX_TEXT, Budget, ExpressionError
from mappings.language.functions import (
    ARITHMETIC,
    FUNCTIONS,
    SPECIAL,
    add,
    members_of,
    number,
    objects_of,
    rounding,
    rounding_clean,
    same,
    truth,
)
from mappings.language.nodes import OVER_LISTS, Call, Literal, Node, nodes_in, paths_of
from mappings.language.parser import parse
from mappings.paths import MISSING, BadPath, Reader, reader, split

Record = Mapping[str, object]
Evaluator = Callable[[Record, Mapping[str, object], Budget], object]


class Expression:
    """A parsed expression, ready to run on records.

    paths: what it reads. size: how many parts it has. walks: whether it looks into lists.
    gives_clean_number: whether its value is always a decimal that needs no look any more.
    """

    def __init__(self, source: str) -> None:
        """Parse. Raises ExpressionError that says what is wrong and where."""
        node = parse(source)
        self.source = source
        self.paths = paths_of(node)
        parts = list(nodes_in(node))
        self.size = len(parts)
        self.gives_clean_number = isinstance(node, Call) and node.name in ARITHMETIC
        self.walks = any(isinstance(one, Call) and one.name in OVER_LISTS for one in parts)
        self._run = _compiled(node)

    def __call__(
        self, record: Record, variables: Mapping[str, object], spent: Budget | None = None
    ) -> object:
        """Return the value for one record. Raises ExpressionError.

        Every evaluation has a budget of its own; what it uses is also taken from `spent`,
        which all expressions on one record share.
        """
        # Without lists an expression can't cost more than its parts: no account is needed.
        value = self._walked(record, variables, spent) if self.walks else (
            self._run(record, variables, NOTHING_TO_SPEND)
        )  # fmt: skip
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise ExpressionError(f"The text is longer than {MAX_TEXT} characters.")
        return value

    @property
    def evaluator(self) -> Evaluator:
        """What gives the value; who takes it checks how long a text is, and what it may spend."""
        return self._run

    def _walked(
        self, record: Record, variables: Mapping[str, object], spent: Budget | None
    ) -> object:
        most = MAX_STEPS if spent is None else min(MAX_STEPS, spent.left)
        own = Budget(most)
        try:
            return self._run(record, variables, own)
        finally:
            if spent is not None:
                spent.left -= most - own.left


NOTHING_TO_SPEND: Final = Budget(0)


def _check_call(name: str, count: int, at: int) -> None:
    if name in SPECIAL:
        counts = SPECIAL[name].counts
    elif name in FUNCTIONS:
        counts = frozenset(range(FUNCTIONS[name].least, FUNCTIONS[name].most + 1))
    else:
        known = ", ".join(sorted({*FUNCTIONS, *SPECIAL}))
        raise ExpressionError(f"There is no function {name}() (position {at}); there are {known}.")
    if count not in counts:
        wanted = " or ".join(map(str, sorted(counts))) if len(counts) < 3 else (
            f"{min(counts)} to {max(counts)}"
        )  # fmt: skip
        raise ExpressionError(f"{name}() at position {at} takes {wanted} arguments, not {count}.")


def _compiled(node: Node) -> Evaluator:
    if isinstance(node, Literal):
        value = node.value
        return lambda record, variables, budget: value
    _check_call(node.name, len(node.arguments), node.at)
    if node.name in _SPECIAL_COMPILERS:
        return _SPECIAL_COMPILERS[node.name](node)
    return _plain_call(node)


def _plain_call(node: Call) -> Evaluator:
    if rounds := _with_literals(node):
        inner = _compiled(node.arguments[0])
        return lambda record, variables, budget: rounds(inner(record, variables, budget))
    apply = FUNCTIONS[node.name].apply
    arguments = [_compiled(argument) for argument in node.arguments]
    if len(arguments) == 1:
        only = arguments[0]
        return lambda record, variables, budget: apply(only(record, variables, budget))
    if len(arguments) == 2:
        left, right = arguments
        last = node.arguments[1]
        if isinstance(last, Literal):
            value = last.value
            return lambda record, variables, budget: apply(left(record, variables, budget), value)
        return lambda record, variables, budget: apply(
            left(record, variables, budget), right(record, variables, budget)
        )
    if len(arguments) == 3:
        first, second, third = arguments
        return lambda record, variables, budget: apply(
            first(record, variables, budget),
            second(record, variables, budget),
            third(record, variables, budget),
        )
    return lambda record, variables, budget: apply(
        *[argument(record, variables, budget) for argument in arguments]
    )


def _with_literals(node: Call) -> Callable[[object], object] | None:
    """Return round() with its digits worked out, None for anything else."""
    if node.name != "round":
        return None
    digits = node.arguments[1] if len(node.arguments) == 2 else Literal(Decimal(2))
    if not isinstance(digits, Literal):
        return None
    try:
        inner = node.arguments[0]
        is_clean = isinstance(inner, Call) and inner.name in ARITHMETIC
        return (rounding_clean if is_clean else rounding)(digits.value)
    except ExpressionError:
        return None  # said when it runs, as for digits that are computed


def _literal_text(node: Call, place: int) -> str:
    argument = node.arguments[place]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        raise ExpressionError(
            f"{node.name}() at position {node.at} wants a text in quotes as argument {place + 1}."
        )
    return argument.value


def _path(node: Call, place: int) -> Reader:
    try:
        return reader(_literal_text(node, place))
    except BadPath as error:
        raise ExpressionError(str(error)) from error


def _field(node: Call) -> Evaluator:
    path = _literal_text(node, 0)
    read = _path(node, 0)
    above, name = split(path) if len(split(path)) == 2 else ("", "")

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        value = read(record)
        if type(value) is str:
            return value
        if value is MISSING:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return number(value)
        return value

    def run_below(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        """The same for a text in an object, which most are, with a call less."""
        inner = record.get(above)
        if type(inner) is dict:
            value = inner.get(name)
            if type(value) is str:
                return value
        return run(record, variables, budget)

    return run_below if name else run


def _var(node: Call) -> Evaluator:
    name = _literal_text(node, 0)

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        if name not in variables:
            raise ExpressionError(f"This run has no variable '{name[:60]}'.")
        return variables[name]

    return run


def _if(node: Call) -> Evaluator:
    condition, yes, no = (_compiled(argument) for argument in node.arguments)
    then, other = node.arguments[1:]
    if isinstance(then, Literal) and isinstance(other, Literal):
        met_value, unmet_value = then.value, other.value

        def choose(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
            met = condition(record, variables, budget)
            return met_value if met is True or truth(met) else unmet_value

        return choose

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        met = condition(record, variables, budget)
        chosen = yes if met is True or truth(met) else no
        return chosen(record, variables, budget)

    return run


def _joined(node: Call) -> Evaluator:
    arguments = [_compiled(argument) for argument in node.arguments]
    every = all if node.name == "and" else any
    return lambda record, variables, budget: every(
        truth(argument(record, variables, budget)) for argument in arguments
    )


def _sum(node: Call) -> Evaluator:
    path = _literal_text(node, 0)
    read, item = _path(node, 0), _path(node, 1)

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        total = Decimal(0)
        for one in objects_of(read(record), path, budget):
            value = item(one)
            if value is not None and value is not MISSING and value != "":
                total = add(total, number(value))
        return total

    return run


def _matching(node: Call) -> Evaluator:
    """count(list), count(list, item, value), any(…), all(…)."""
    path = _literal_text(node, 0)
    read = _path(node, 0)
    if len(node.arguments) == 1:
        return lambda record, variables, budget: Decimal(
            len(members_of(read(record), path, budget))
        )
    item, wanted, name = _path(node, 1), _compiled(node.arguments[2]), node.name

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        members = objects_of(read(record), path, budget)
        value = wanted(record, variables, budget)
        found = sum(1 for one in members if same(item(one), value))
        if name == "count":
            return Decimal(found)
        return found > 0 if name == "any" else found == len(members)

    return run


_SPECIAL_COMPILERS: dict[str, Callable[[Call], Evaluator]] = {
    "if": _if,
    "and": _joined,
    "or": _joined,
    "field": _field,
    "var": _var,
    "sum": _sum,
    "count": _matching,
    "any": _matching,
    "all": _matching,
}
