"""What every request asks is prepared once, and still answers from the schema that is entered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
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
def test_who_counts_statements_sees_it() -> None:
    with CaptureQueriesContext(connection) as seen:
        read("SELECT 1")
    assert [one["sql"] for one in seen.captured_queries][-1:] == ["SELECT 1"]
