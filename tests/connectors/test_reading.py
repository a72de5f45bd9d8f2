"""One row of a list that cannot be read keeps no other back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from syncjobs.connectors.base import Connector
from syncjobs.connectors.errors import Permanent
from syncjobs.connectors.registry import connector
from tests.connectors.raw import RawServer, answer


@contextmanager
def _erp(rows: str) -> Iterator[Connector]:
    """A system whose every list holds these rows."""

    def behave(connection: Any, request: bytes) -> None:
        token = b'{"access_token":"at","expires_in":60}'
        connection.sendall(
            answer(body=token if b"/oauth/token" in request else b'{"value":%s}' % rows.encode())
        )

    with RawServer(behave) as server:
        config = {"base_url": server.address, "client_id": "integration"}
        with connector("sandbox_erp").open(config, {"client_secret": "s"}) as opened:
            yield opened


def test_a_row_without_an_id_and_one_that_is_none_are_told_beside_the_others() -> None:
    rows = '{"number":"ACC-2"}, {"id":null}, {"id":""}, 7, null'
    with _erp(f'[{{"id":"1"}}, {rows}, {{"id":"4", "limit":1e999999}}]') as erp:
        (page,) = erp.read("customers", None)
    assert [record.id for record in page.records] == ["1", "4"]
    assert page.records[1].data["limit"] == "1e999999", "its text, and no number"
    assert [record.id for record in page.unread] == [""] * 5
    told = [{"number": "ACC-2"}, {"id": None}, {"id": ""}, {"row": 7}, {"row": None}]
    assert [record.data for record in page.unread] == told
    assert all("has no id (id)" in record.problem for record in page.unread)


def test_a_page_none_of_whose_rows_can_be_read_fails_as_a_whole() -> None:
    """Then the system answers otherwise than before: the cursor stays, and nothing is set aside."""
    rows = json.dumps([{"number": f"ACC-{n}"} for n in range(11)])
    with _erp(rows) as erp, pytest.raises(Permanent, match="None of 11 rows can be read"):
        list(erp.read("customers", None))


def test_numbers_beside_it_stay_exact() -> None:
    with _erp('[{"id":"1", "limit":0.10}, {}]') as erp:
        (page,) = erp.read("customers", None)
    assert page.records[0].data["limit"] == Decimal("0.10")
