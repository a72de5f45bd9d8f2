"""The engine's statements are prepared once a session, and answer as through the framework."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django_tenants.utils import tenant_context

from tenants.models import Partner
from tenants.postgres.backend import base

pytestmark = pytest.mark.django_db
MANY = """
    SELECT n, n * %(small)s, %(text)s || '%%', %(text)s::text, %(none)s::int, %(yes)s::bool,
        %(exact)s::numeric, %(at)s::timestamptz, %(day)s::date, %(doc)s::jsonb, %(ids)s::bigint[]
    FROM generate_series(1, %(count)s) AS n
"""
VALUES = [
    {"small": small, "text": text, "none": None, "yes": yes, "exact": Decimal("12.50"), "at": at,
     "day": date(2026, 10, 31), "doc": '{"a": [1, "ü"]}', "ids": [1, 2**40], "count": count}
    for small, text, yes, at, count in (
        (1, "plain", True, datetime(2026, 10, 31, 17, tzinfo=UTC), 3),
        (70_000, "Zürich 'x' \\ %s $1", False, None, 1),
        (2**40, "", None, datetime(1999, 1, 1, tzinfo=UTC), 0),
    )
]  # fmt: skip


def alone(work: Callable[[], Any]) -> Any:
    """Run something on a connection of its own, outside any transaction."""

    def inside() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(inside).result()


def run(statement: str, values: dict[str, Any] | None = None) -> Any:
    return connection.run_prepared(statement, values or {})  # type: ignore[attr-defined]  # our backend's


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])


def test_values_of_every_kind_go_and_come_as_through_the_framework() -> None:
    def work() -> None:
        for values in VALUES * 2:
            with connection.cursor() as cursor:
                cursor.execute(MANY, values)
                assert run(MANY, values).rows == cursor.fetchall()
        assert prepared() == 3, "one for each size of number"

    alone(work)


def test_who_writes_is_told_how_many_rows_it_touched() -> None:
    def work() -> list[Any]:
        run("CREATE TEMP TABLE said (word text)")
        add = "INSERT INTO pg_temp.said SELECT %(word)s FROM generate_series(1, %(count)s)"
        drop = "DELETE FROM pg_temp.said WHERE word = %(word)s RETURNING word"
        return [
            run(add, {"word": "a", "count": 3}),
            run("UPDATE pg_temp.said SET word = 'b' WHERE word = %(word)s", {"word": "c"}),
            run(drop, {"word": "a"}),
        ]

    assert alone(work) == [([], 3), ([], 0), ([("a",)] * 3, 3)]


def test_the_same_statement_answers_from_each_schema(
    northwind: Partner, brightbridge: Partner
) -> None:
    found = []
    for partner in (northwind, brightbridge, northwind):
        with tenant_context(partner):
            found += run("SELECT current_schema()").rows
    assert found == [("p_northwind",), ("p_brightbridge",), ("p_northwind",)]


def test_one_that_fails_leaves_a_session_that_goes_on_with_what_it_prepared() -> None:
    divide = "SELECT 1 / %(by)s"

    def work() -> int:
        for _ in range(2):
            with transaction.atomic():
                assert run(divide, {"by": 1}).rows == [(1,)]
            with pytest.raises(DataError, match="division by zero"), transaction.atomic():
                run(divide, {"by": 0})
            with pytest.raises(DataError, match="division by zero"):
                run(divide, {"by": 0})
        return prepared()

    assert alone(work) == 1


def test_only_the_latest_are_kept_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PREPARED", 4)

    def work() -> int:
        for number in range(10):
            assert run(f"SELECT {number}").rows == [(number,)]
        return prepared()

    assert alone(work) == 4
