"""From nodes to a function of record and variables."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from mappings.language.budget import MAX_TEXT, Budget, ExpressionError
from mappings.language.functions import FUNCTIONS, SPECIAL, items_of, number, same, truth
from mappings.language.nodes import Call, Literal, Node, paths_of
from mappings.language.parser import parse
from mappings.paths import MISSING, BadPath, Reader, reader

Record = Mapping[str, object]
Evaluator = Callable[[Record, Mapping[str, object], Budget], object]


class Expression:
    """A parsed expression, ready to run on records."""

    def __init__(self, source: str) -> None:
        """Parse. Raises ExpressionError that says what is wrong and where."""
        node = parse(source)
        self.source = source
        self.paths = paths_of(node)
        self._run = _compiled(node)

    def __call__(self, record: Record, variables: Mapping[str, object]) -> object:
        """Return the value for one record, with a budget of its own. Raises ExpressionError."""
        value = self._run(record, variables, Budget())
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise ExpressionError(f"The text is longer than {MAX_TEXT} characters.")
        return value


def _known(name: str, count: int) -> None:
    if name in SPECIAL:
        least, most = SPECIAL[name]
    elif name in FUNCTIONS:
        least, most = FUNCTIONS[name].least, FUNCTIONS[name].most
    else:
        raise ExpressionError(
            f"There is no function {name}(); there are {', '.join(sorted({*FUNCTIONS, *SPECIAL}))}."
        )
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise ExpressionError(f"{name}() takes {wanted} arguments, not {count}.")


def _compiled(node: Node) -> Evaluator:
    if isinstance(node, Literal):
        value = node.value
        return lambda record, variables, budget: value
    _known(node.name, len(node.arguments))
    if node.name in _SPECIAL_COMPILERS:
        return _SPECIAL_COMPILERS[node.name](node)
    apply = FUNCTIONS[node.name].apply
    arguments = [_compiled(argument) for argument in node.arguments]

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        budget.spend()
        return apply(*(argument(record, variables, budget) for argument in arguments))

    return run


def _literal_text(node: Call, place: int) -> str:
    argument = node.arguments[place]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str):
        raise ExpressionError(f"{node.name}() wants a text in quotes as argument {place + 1}.")
    return argument.value


def _path(node: Call, place: int) -> Reader:
    try:
        return reader(_literal_text(node, place))
    except BadPath as error:
        raise ExpressionError(str(error)) from error


def _field(node: Call) -> Evaluator:
    read = _path(node, 0)

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        budget.spend()
        value = read(record)
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        return None if value is MISSING else value

    return run


def _var(node: Call) -> Evaluator:
    name = _literal_text(node, 0)
    return lambda record, variables, budget: variables.get(name)


def _if(node: Call) -> Evaluator:
    condition, yes, no = (_compiled(argument) for argument in node.arguments)
    return lambda record, variables, budget: (
        yes if truth(condition(record, variables, budget)) else no
    )(record, variables, budget)


def _joined(node: Call) -> Evaluator:
    arguments = [_compiled(argument) for argument in node.arguments]
    every = all if node.name == "and" else any
    return lambda record, variables, budget: every(
        truth(argument(record, variables, budget)) for argument in arguments
    )


def _sum(node: Call) -> Evaluator:
    read, item = _path(node, 0), _path(node, 1)

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        total = Decimal(0)
        for one in items_of(read(record), budget):
            value = item(one)
            total += number(0 if value in (None, MISSING) else value)
        return total

    return run


def _matching(node: Call) -> Evaluator:
    """count(list), count(list, item, value), any(…), all(…)."""
    read = _path(node, 0)
    item = _path(node, 1) if len(node.arguments) == 3 else None
    wanted = _compiled(node.arguments[2]) if len(node.arguments) == 3 else None
    if len(node.arguments) == 2:
        raise ExpressionError(
            f"{node.name}() takes a list, or a list, an item's field and a value."
        )

    def run(record: Record, variables: Mapping[str, object], budget: Budget) -> object:
        members = items_of(read(record), budget)
        if item is None or wanted is None:
            return Decimal(len(members))
        value = wanted(record, variables, budget)
        found = sum(1 for one in members if same(item(one), value))
        if node.name == "count":
            return Decimal(found)
        return found > 0 if node.name == "any" else found == len(members)

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
