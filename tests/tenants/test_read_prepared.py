"""What every request asks is prepared once, and still answers from the schema that is entered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from tenants.models import Partner

WHERE = "SELECT current_schema()"
WORDS = "SELECT word FROM pg_temp.said"
# The driver, which forgets what it prepared at an ALTER of its own, can't tell: as with another's.
UNSEEN = "DO 'BEGIN ALTER TABLE pg_temp.said ALTER word TYPE varchar(9); END'"


def alone(work: Callable[[], Any]) -> Any:
    """Run something on a connection of its own, outside any transaction."""

    def inside() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(inside).result()


def read(statement: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.read_prepared(statement, [])  # type: ignore[attr-defined]  # our backend's
    return rows


def test_the_same_words_answer_from_each_schema(northwind: Partner, brightbridge: Partner) -> None:
    found = []
    for partner in (northwind, brightbridge, northwind):
        with tenant_context(partner):
            found += read(WHERE)
    assert found == [("p_northwind",), ("p_brightbridge",), ("p_northwind",)]


@pytest.mark.django_db
def test_a_table_that_changes_its_shape_is_read_anew() -> None:
    def work() -> list[list[tuple[Any, ...]]]:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE said AS SELECT 'one'::varchar(5) AS word")
        before = read(WORDS)
        with connection.cursor() as cursor:
            cursor.execute(UNSEEN)
        return [before, read(WORDS)]

    assert alone(work) == [[("one",)], [("one",)]]


@pytest.mark.django_db
def test_a_server_that_takes_no_writes_any_more_is_left_after_the_first_error() -> None:
    """As after a fail-over, when the one before lives on as a copy."""

    def work() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
            with pytest.raises(DatabaseError, match="read-only"):
                cursor.execute("UPDATE public.django_session SET expire_date = now() WHERE false")
        connection.close_if_unusable_or_obsolete()
        return read("SHOW transaction_read_only")

    assert alone(work) == [("off",)]


@pytest.mark.django_db
def test_who_counts_statements_sees_it() -> None:
    with CaptureQueriesContext(connection) as seen:
        read("SELECT 1")
    assert [one["sql"] for one in seen.captured_queries][-1:] == ["SELECT 1"]
