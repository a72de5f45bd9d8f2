"""The transition tables, and that nothing else sets a state."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.errors import BadTransition
from syncjobs.state import CLAIMABLE, DELIVERY, MACHINES, RUN, Machine

ROOT = Path(__file__).resolve().parents[2] / "syncjobs"
THE_ONE_PLACE = {ROOT / "engine" / "transitions.py"}
STATE_COLUMNS = {"state", "breaker"}
# Deliveries with exactly these states: the word for word list that screens and the API show.
STATES = (
    "pending running delivered unchanged held waiting retrying unknown failed parked cancelled "
    "skipped"
)


def _sources() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = set(path.relative_to(ROOT).parts)
        if (
            not parts & {"sandbox", "connectors", "migrations", "models"}
            and path.name != "state.py"
        ):
            yield path


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.noun)
def test_every_state_can_be_reached_and_every_move_leads_somewhere_known(machine: Machine) -> None:
    reached = {machine.start} | {target for _, target in machine.moves.values()}
    assert reached == set(machine.labels)
    for sources, target in machine.moves.values():
        assert sources <= set(machine.labels)
        assert target in machine.labels
    assert machine.open <= set(machine.labels)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.noun)
def test_every_open_state_can_end(machine: Machine) -> None:
    ways: dict[str, set[str]] = {state: set() for state in machine.labels}
    for sources, target in machine.moves.values():
        for source in sources:
            ways[source].add(target)
    for state in machine.open:
        seen, edge = {state}, {state}
        while edge:
            edge = {after for one in edge for after in ways[one]} - seen
            seen |= edge
        assert seen & machine.closed, f"{machine.noun} {state} can never end"


def test_deliveries_have_exactly_the_states_that_screens_show() -> None:
    assert list(DELIVERY.labels) == STATES.split()


def test_what_has_ended_stays_ended() -> None:
    for state in DELIVERY.closed:
        assert not [move for move, (sources, _) in DELIVERY.moves.items() if state in sources]


def test_an_unknown_outcome_is_never_failed_or_delivered_without_being_claimed_again() -> None:
    ways = {move for move, (sources, _) in DELIVERY.moves.items() if "unknown" in sources}
    assert ways == {"claim", "retry", "cancel", "skip"}
    assert "unknown" in CLAIMABLE


def test_a_way_that_is_not_in_the_table_is_refused_in_plain_words() -> None:
    with pytest.raises(BadTransition, match="This delivery is delivered, so it cannot cancel now"):
        DELIVERY.after("delivered", "cancel")
    assert RUN.after("running", "settle_well") == "succeeded"


def _sets_a_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(one, ast.Attribute) and one.attr in STATE_COLUMNS for one in targets)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        keywords = {keyword.arg for keyword in node.keywords}
        return node.func.attr in {"update", "update_or_create"} and bool(keywords & STATE_COLUMNS)
    return False


def test_no_code_but_the_transitions_sets_a_state() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in _sources()
        if path not in THE_ONE_PLACE
        for node in ast.walk(ast.parse(path.read_text()))
        if _sets_a_state(node)
    ]
    assert not wrong


def test_no_statement_names_a_state_itself() -> None:
    """SQL takes its states as parameters, out of the tables."""
    words = "|".join(sorted({state for machine in MACHINES for state in machine.labels}))
    literal = re.compile(rf"'({words})'")
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"\b(SELECT|UPDATE|INSERT|DELETE)\b", node.value)
        and literal.search(node.value)
    ]
    assert not wrong
