"""Deferred statements run once and in order, whatever rollbacks and errors come between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeAlias

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Cursor

from tenants.postgres.backend.deferred import MOST_PREPARED

pytestmark = pytest.mark.django_db
INSERT = "INSERT INTO pg_temp.said (word) VALUES (%s)"
Plan: TypeAlias = "str | list[Plan]"
MOVES = ("defer", "say", "ask", "undo", "fail", "puzzle")
PLANS = st.recursive(st.sampled_from(MOVES), lambda inner: st.lists(inner, max_size=5))


def alone(work: Callable[[], Any]) -> Any:
    """Run something on a connection of its own, outside any transaction, with an empty table."""

    def inside() -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("CREATE TEMP TABLE said (id bigserial, word text UNIQUE NOT NULL)")
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(inside).result()


def defer(word: str | None) -> None:
    connection.run_by_commit(INSERT, [word])  # type: ignore[attr-defined]  # our backend's


def say(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [word])


def said() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM pg_temp.said ORDER BY id")
        return [word for (word,) in cursor.fetchall()]


def asked() -> list[str | None]:
    statement = "SELECT word FROM pg_temp.said ORDER BY id"
    return [word for (word,) in connection.ask_prepared(statement, [])]  # type: ignore[attr-defined]


def puzzle() -> None:
    connection.ask_prepared("SELECT %s::int", ["no number"])  # type: ignore[attr-defined]


class Undone(Exception):
    """Takes back the block that it is raised in."""


def play(plan: Plan, words: list[str], next_word: Callable[[], str]) -> None:
    """Play a plan, and keep in `words` what must be in the table after it."""
    for move in plan if isinstance(plan, list) else [plan]:
        if isinstance(move, list):
            play_inside(move, words, next_word)
        elif move == "undo":
            raise Undone
        elif move == "ask":
            assert asked() == words
            assert said() == words
        elif move == "fail":
            defer(None)
        elif move == "puzzle":
            puzzle()
        else:
            word = next_word()
            (defer if move == "defer" else say)(word)
            words.append(word)


def play_inside(plan: Plan, words: list[str], next_word: Callable[[], str]) -> None:
    before, is_inside = list(words), False
    try:
        with transaction.atomic():
            is_inside = True
            play(plan, words, next_word)
    except (Undone, IntegrityError, DataError):
        if not is_inside:
            raise  # what was deferred around it has failed
        words[:] = before


@settings(max_examples=30, deadline=None)
@given(PLANS)
def any_mix(plan: Plan) -> None:
    words: list[str] = []
    numbers = iter(range(10_000))

    def work() -> list[str]:
        for _ in range(2):  # the second time with what was prepared the first time
            play([[plan, "defer"], "ask"], words, lambda: f"word {next(numbers)}")
        return said()

    assert alone(work) == words


def test_any_mix_leaves_what_was_committed_in_order() -> None:
    any_mix()


def prepared() -> dict[str, int]:
    """Return what the server has prepared for deferred statements: statement → times it ran."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements "
            "WHERE name LIKE 'deferred%'"
        )
        return dict(cursor.fetchall())


def test_the_commit_takes_them_along_prepared_once() -> None:
    def work() -> tuple[list[str], dict[str, int]]:
        for word in ("one", "two"):
            with transaction.atomic():
                defer(word)  # the transaction's only statement
        return said(), prepared()

    assert alone(work) == (["one", "two"], {INSERT.replace("%s", "$1"): 2, "COMMIT": 2})


def test_only_the_latest_are_kept_prepared() -> None:
    def work() -> int:
        for number in range(MOST_PREPARED):
            with transaction.atomic():
                connection.run_by_commit(f"{INSERT} -- {number}", [str(number)])  # type: ignore[attr-defined]
        with transaction.atomic():
            for number in range(MOST_PREPARED, MOST_PREPARED + 10):
                connection.run_by_commit(f"{INSERT} -- {number}", [str(number)])  # type: ignore[attr-defined]
        assert len(said()) == MOST_PREPARED + 10
        return len(prepared())

    assert alone(work) == MOST_PREPARED


def test_what_is_asked_all_the_time_is_planned_at_its_first_use() -> None:
    """The server's own way would plan it anew five times, on each connection."""

    def plans() -> list[tuple[int, int]]:
        asked(), asked()
        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
            return cursor.fetchall()  # type: ignore[no-any-return]

    assert alone(plans) == [(2, 0)]


def test_one_that_fails_takes_all_back_and_leaves_a_usable_connection() -> None:
    @transaction.atomic
    def fail() -> None:
        say("before")
        defer("with it")
        defer(None)

    def work() -> list[str]:
        with pytest.raises(IntegrityError, match="not-null"):
            fail()
        with transaction.atomic():
            defer("after")
        return said()

    assert alone(work) == ["after"]


def test_a_server_that_goes_away_is_an_error_and_is_asked_anew() -> None:
    @transaction.atomic
    def lose() -> None:
        say("before")
        defer("lost")
        pid = connection.connection.info.backend_pid
        with closing(connection.copy()) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def work() -> None:
        with pytest.raises(OperationalError):
            lose()
        connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    alone(work)


def test_who_counts_statements_sees_them() -> None:
    def work() -> list[str]:
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            defer("seen")
        return [one["sql"] for one in queries if "said" in one["sql"]]

    assert alone(work) == [INSERT % "'seen'"]


def test_the_driver_may_let_the_server_forget_what_is_prepared() -> None:
    def work() -> list[str]:
        for word in ("one", "two"):
            with transaction.atomic():
                defer(word)
            with Cursor(connection.connection) as cursor:
                cursor.execute("SELECT 1", prepare=True)
            with pytest.raises(Undone), transaction.atomic():
                play(["say", "undo"], [], lambda: "never")
            assert not prepared()
        return said()

    assert alone(work) == ["one", "two"]
