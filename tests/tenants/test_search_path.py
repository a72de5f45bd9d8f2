"""The search path is right before every statement, however schemas, errors and rollbacks mix."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.context import schema_scope
from tenants.models import Partner

pytestmark = pytest.mark.django_db
Plan: TypeAlias = "str | list[Plan]"
MOVES = ("ask", "switch", "savepoint", "undo", "fail", "reconnect")
PLANS = st.recursive(st.sampled_from(MOVES), lambda inner: st.lists(inner, max_size=5))


def schema_there() -> str:
    """Return the schema in which the server now finds a partner's tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def path_settings(work: Callable[[], object]) -> int:
    """Return how many times `work` sets the path."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        work()
    return sum("search_path" in str(one["sql"]) for one in queries)


def test_the_path_is_set_only_where_another_schema_is_entered(northwind: Partner) -> None:
    def work() -> None:
        for schema in ("public", northwind.schema_name, northwind.schema_name):
            with schema_scope(schema):
                for _ in range(5):
                    assert schema_there() == schema

    schema_there()
    assert path_settings(work) == 2


def test_a_savepoint_asks_for_no_path_and_going_back_brings_the_one_before(
    northwind: Partner, brightbridge: Partner
) -> None:
    here, there = northwind.schema_name, brightbridge.schema_name

    def work() -> None:
        with schema_scope(here):
            undo_in(there)
            assert schema_there() == here

    with schema_scope(here):
        schema_there()
    assert path_settings(work) == 1, "for the schema that was entered inside alone"


def break_in(schema: str) -> None:
    """Change the path after a savepoint, then fail: the server takes the change back."""
    with transaction.atomic():
        with schema_scope(schema):
            assert schema_there() == schema
        connection.cursor().execute("SELECT 1 / 0")


def undo_in(schema: str) -> None:
    """The same without an error."""
    with transaction.atomic():
        with schema_scope(schema):
            assert schema_there() == schema
        transaction.set_rollback(True)


def test_a_rollback_inside_takes_nothing_astray(northwind: Partner, brightbridge: Partner) -> None:
    here, there = northwind.schema_name, brightbridge.schema_name
    with schema_scope(here), transaction.atomic():
        assert schema_there() == here
        with pytest.raises(DatabaseError):
            break_in(there)
        assert schema_there() == here
        undo_in(there)
        assert schema_there() == here
        with schema_scope(there):
            with pytest.raises(DatabaseError):
                break_in(here)
            assert schema_there() == there
        assert schema_there() == here


def play(plan: Plan, names: list[str], here: int) -> None:
    """Play a plan in a schema; after each step the server must be in it still."""
    other = (here + 1) % len(names)
    with schema_scope(names[here]):
        for move in plan if isinstance(plan, list) else [plan]:
            if isinstance(move, list):
                with transaction.atomic():
                    play(move, names, other)
            else:
                step(move, names[other])
            assert schema_there() == names[here]


def step(move: str, other: str) -> None:
    match move:
        case "ask":
            schema_there()
        case "switch":
            with schema_scope(other):
                assert schema_there() == other
        case "savepoint":
            with transaction.atomic(), schema_scope(other):
                assert schema_there() == other
        case "undo":
            undo_in(other)
        case "fail":
            with pytest.raises(DatabaseError):
                break_in(other)
        case "reconnect":
            if not connection.in_atomic_block:
                connection.close()


def play_alone(plan: Plan, names: list[str]) -> None:
    """Play a plan on a connection of its own, outside any transaction to begin with."""

    def run() -> None:
        try:
            play(plan, names, 0)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(run).result()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PLANS)
def test_any_mix_finds_the_schema_that_is_entered(
    northwind: Partner, brightbridge: Partner, plan: Plan
) -> None:
    names = [northwind.schema_name, brightbridge.schema_name, "public"]
    play([plan, "undo", "fail"], names, 0)
    play_alone([plan, "undo", "reconnect", "fail", plan], names)
