"""Tryton's spelling of values, conditions and failures, on answers recorded from 8.2."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from syncjobs.connectors.base import Connector, Write
from syncjobs.connectors.dialects import AFTER, AMONG, EQUALS, SINCE, Condition
from syncjobs.connectors.errors import (
    Config,
    Conflict,
    ConnectorError,
    Permanent,
    Rejected,
    Transient,
    Unknown,
)
from syncjobs.connectors.registry import connector
from syncjobs.connectors.tryton import wire
from syncjobs.connectors.tryton.dialect import TrytonDialect
from tests.connectors.raw import RawServer, answer

MOMENT = datetime(2026, 11, 21, 11, 38, 2, 521774, UTC)
WIRE_MOMENT = {
    "__class__": "datetime", "year": 2026, "month": 11, "day": 21,
    "hour": 11, "minute": 38, "second": 2, "microsecond": 521774,
}  # fmt: skip
PAGE = "<!doctype html>\n<html lang=en>\n<title>{0} {1}</title>\n<h1>{1}</h1>\n<p>{2}</p>\n"


def _html(status: str, words: str) -> bytes:
    code, _, name = status.partition(" ")
    return answer(status, PAGE.format(code, name, words).encode(), "text/html; charset=utf-8")


def _open(address: str, **config: object) -> Connector:
    given = {"base_url": address, "database": "books", "company": 1, **config}
    return connector("tryton").open(given, {"api_key": "k3y-for-tests"})


class Recorded:
    """Answers each model's list from a table, and keeps what was asked."""

    def __init__(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, str, dict[str, list[str]], Any]] = []

    def behave(self, connection: Any, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        parts = urlsplit(target)
        self.asked.append((method, parts.path, parse_qs(parts.query), json.loads(body or b"null")))
        model = parts.path.removeprefix("/books/rest/model/").split("/")
        found: Any = self.rows.get(model[0], [])
        if method != "GET" or len(model) > 1:
            found = found[0]
        connection.sendall(answer(body=json.dumps(found).encode()))


def _spelt(value: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(value))


def test_values_become_plain_data() -> None:
    value = {
        "__name__": "timesheet.line",
        "id": 4,
        "amount": {"__class__": "Decimal", "decimal": "84000.00"},
        "date": {"__class__": "date", "year": 2026, "month": 2, "day": 3},
        "at": WIRE_MOMENT,
        "duration": {"__class__": "timedelta", "seconds": Decimal("26100.0")},
        "third": {"__class__": "timedelta", "seconds": Decimal("1200.0")},
        "party": {"__name__": "party.party", "id": 2, "code": "C-1"},
        "lines": [{"__name__": "x", "quantity": Decimal("7.25")}],
        "none": None,
    }
    assert wire.from_wire(value) == {
        "id": 4,
        "amount": Decimal("84000.00"),
        "date": "2026-02-03",
        "at": "2026-11-21T11:38:02.521774Z",
        "duration": {"seconds": Decimal(26100), "hours": Decimal("7.25")},
        "third": {"seconds": Decimal(1200), "hours": Decimal("0.333333")},
        "party": {"id": 2, "code": "C-1"},
        "lines": [{"quantity": Decimal("7.25")}],
        "none": None,
    }
    assert str(wire.from_wire({"__class__": "timedelta", "seconds": 288000})["hours"]) == "80"


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("decimal", "145.00", {"__class__": "Decimal", "decimal": "145.00"}),
        ("decimal", Decimal("97.5"), {"__class__": "Decimal", "decimal": "97.5"}),
        ("number", "7.25", Decimal("7.25")),
        ("integer", "12", 12),
        ("date", "2026-10-31", {"__class__": "date", "year": 2026, "month": 10, "day": 31}),
        ("datetime", "2026-11-21T12:38:02.521774+01:00", WIRE_MOMENT),
        ("hours", "40.5", {"__class__": "timedelta", "seconds": Decimal(145800)}),
        ("flag", True, True),
        ("text", "a", "a"),
    ],
)
def test_fields_are_written_by_their_kind(kind: str, value: object, written: object) -> None:
    assert wire.WRITERS[kind](value) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("decimal", "a lot"), ("decimal", "NaN"), ("number", "Infinity"), ("integer", "1.5"),
        ("date", "31/10/2026"), ("datetime", "now"), ("hours", ""), ("flag", "yes"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValueError):
        wire.WRITERS[kind](value)


def test_conditions_become_a_domain_an_order_and_fields() -> None:
    conditions = [
        Condition("company", EQUALS, 1),
        Condition("last_modified_at", SINCE, MOMENT),
        Condition("id", AMONG, [1, 2]),
    ]
    params = TrytonDialect().query(
        conditions, fields=("code", "party.name"), order=("last_modified_at",)
    )
    found = dict(params)
    assert _spelt(found["d"]) == [
        ["company", "=", 1],
        ["last_modified_at", ">=", WIRE_MOMENT],
        ["id", "in", [1, 2]],
    ]
    assert _spelt(found["o"]) == [["last_modified_at", "ASC"], ["id", "ASC"]]
    assert [value for name, value in params if name == "f"] == ["code", "party.name"]


def test_the_place_in_a_list_is_a_condition_on_moment_and_number() -> None:
    ((_, domain),) = TrytonDialect().query(
        [Condition("last_modified_at", AFTER, (MOMENT, 7))], fields=(), order=()
    )
    assert _spelt(domain) == [
        [
            "OR",
            [["last_modified_at", ">", WIRE_MOMENT]],
            [["last_modified_at", "=", WIRE_MOMENT], ["id", ">", 7]],
        ]
    ]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (_html("500 Internal Server Error", "&#39;nope.model&#39;"), Permanent, "'nope.model'"),
        (
            _html("500 Internal Server Error", "&#39;Reference&#39; object has no attribute ..."),
            Permanent,
            "no attribute",
        ),
        (_html("500 Internal Server Error", "out of memory"), Transient, "out of memory"),
        (_html("503 Service Unavailable", "database is locked"), Transient, "locked"),
        (_html("423 Locked", "x"), Transient, "somebody else"),
        (_html("409 Conflict", "Are you sure?"), Rejected, "Are you sure"),
        (_html("401 Unauthorized", "x"), Config, "credentials"),
        (_html("403 Forbidden", "x"), Config, "right"),
        (_html("404 Not Found", "x"), Permanent, "no such"),
        (answer("502 Bad Gateway", b"<html>proxy</html>", "text/html"), Unknown, "may have"),
        (
            answer("400 BAD REQUEST", b'{"status":400,"message":"The code must be unique."}'),
            Conflict,
            "unique",
        ),
        (
            answer("400 BAD REQUEST", b'{"status":400,"message":"The date is outside."}'),
            Rejected,
            "outside",
        ),
    ],
)  # fmt: skip
def test_a_failure_of_the_server_is_told_as_what_it_is(
    reply: bytes, kind: type[ConnectorError], words: str
) -> None:
    """Tryton undoes everything when it fails itself; only a page of a proxy leaves it open."""
    write = Write("opportunities", "create", {"description": "x"}, None, "OPP-1", "k")
    with (
        RawServer(lambda c, _: c.sendall(reply)) as server,
        _open(server.address) as tryton,
        pytest.raises(ConnectorError, match=words) as caught,
    ):
        tryton.write(write)
    assert type(caught.value) is kind


def test_every_call_names_the_company_and_asks_for_english() -> None:
    with (
        RawServer(lambda c, _: c.sendall(answer(body=b"[]"))) as server,
        _open(server.address, company=3) as tryton,
    ):
        list(tryton.read("projects", None))
    request = server.requests[0].decode()
    header = next(x for x in request.split("\r\n") if x.startswith("X-Tryton-Context: "))
    assert _spelt(header.split(": ")[1]) == {"company": 3}
    assert "Accept-Language: en" in request
    assert "Range: records=0-200" in request
    assert "Authorization: Bearer k3y-for-tests" in request
    domain = parse_qs(urlsplit(request.split(" ")[1]).query)["d"][0]
    assert _spelt(domain) == [["company", "=", 3], ["type", "=", "project"]]


def test_past_the_end_of_a_list_is_its_end() -> None:
    reply = _html("416 Requested Range Not Satisfiable", "x")
    with RawServer(lambda c, _: c.sendall(reply)) as server, _open(server.address) as tryton:
        (page,) = tryton.read("parties", None)
    assert (list(page.records), page.last) == ([], True)


def test_time_entries_bring_their_task_and_project_with_one_more_call() -> None:
    lines = [
        {"id": n, "last_modified_at": WIRE_MOMENT, "work": {"id": 9, "origin": origin}}
        for n, origin in enumerate(["project.work,4", "project.work,5", "project.work,4", None], 1)
    ]
    works = [
        {"id": 4, "number": "W4", "list_price": {"__class__": "Decimal", "decimal": "145.00"},
         "parent": {"id": 2, "number": "P2"}},
    ]  # fmt: skip
    recorded = Recorded({"timesheet.line": lines, "project.work": works})
    with RawServer(recorded.behave) as server, _open(server.address) as tryton:
        (page,) = tryton.read("timesheetLines", None)
    found = [record.data["project_work"] for record in page.records]
    assert found[0] == found[2] == {
        "id": 4, "number": "W4", "list_price": Decimal("145.00"),
        "parent": {"id": 2, "number": "P2"},
    }  # fmt: skip
    assert found[1] is None, "a task that cannot be read is not there, and no error"
    assert found[3] is None
    assert [path for _, path, _, _ in recorded.asked] == [
        "/books/rest/model/timesheet.line",
        "/books/rest/model/project.work",
    ]
    assert _spelt(recorded.asked[1][2]["d"][0]) == [["id", "in", [4, 5]]]


def test_only_customers_are_read_where_their_codes_are_told() -> None:
    recorded = Recorded({})
    with RawServer(recorded.behave) as server, _open(server.address, party_prefix="C-") as tryton:
        list(tryton.read("parties", None))
        tryton.look_up("parties", reference="X-1", idempotency_key="")
    assert [_spelt(query["d"][0]) for _, _, query, _ in recorded.asked] == [
        [["code", "like", "C-%"]],
        [["code", "=", "X-1"]],
    ]


def test_an_invoice_is_filled_in_like_trytons_own_form() -> None:
    recorded = Recorded(
        {
            "currency.currency": [{"id": 1}],
            "party.party": [
                {"id": 2, "addresses": [{"id": 5, "invoice": False}, {"id": 6, "invoice": True}],
                 "customer_payment_term": 10},
            ],
            "account.configuration": [{"id": 1, "default_account_receivable": 39}],
            "account.journal": [{"id": 8}],
            "account.invoice": [{"id": 77, "last_modified_at": WIRE_MOMENT, "state": "draft"}],
        }
    )  # fmt: skip
    data = {"party": "2", "currency": "EUR", "invoice_date": "2026-10-31"}
    with RawServer(recorded.behave) as server, _open(server.address) as tryton:
        write = Write("invoices", "create", data, None, "P-1:2026-10", "k")
        written = tryton.write(write)
        tryton.write(write)
    assert (written.external_id, written.version) == ("77", "2026-11-21T11:38:02.521774Z")
    bodies = [body for method, _, _, body in recorded.asked if method == "POST"]
    assert bodies[0] == {
        "type": "out", "company": 1, "party": 2, "invoice_address": 6, "account": 39,
        "journal": 8, "currency": 1, "payment_term": 10, "reference": "P-1:2026-10",
        "invoice_date": {"__class__": "date", "year": 2026, "month": 10, "day": 31},
    }  # fmt: skip
    journals = [path for _, path, _, _ in recorded.asked if "journal" in path]
    assert len(journals) == 1, "settings are asked for once"


@pytest.mark.parametrize(
    ("rows", "data", "words"),
    [
        ({}, {"currency": "EUR"}, "no currency 'EUR'"),
        ({"party.party": [{"id": 2, "addresses": []}]}, {"party": 2}, "no address"),
        ({}, {}, "needs its party"),
        ({}, {"party": 2, "colour": "red"}, "no field colour"),
        ({}, {"party": 2, "invoice_date": "soon"}, "invoice_date: "),
    ],
)
def test_what_an_invoice_lacks_is_named(
    rows: dict[str, list[dict[str, Any]]], data: dict[str, object], words: str
) -> None:
    recorded = Recorded(rows)
    with (
        RawServer(recorded.behave) as server,
        _open(server.address) as tryton,
        pytest.raises(Rejected, match=words),
    ):
        tryton.write(Write("invoices", "create", data, None, "INV-1", "k"))
    assert all(method == "GET" for method, _, _, _ in recorded.asked)


def test_a_write_over_a_change_that_was_not_seen_is_refused() -> None:
    """Tryton itself would take it."""
    recorded = Recorded({"project.work": [{"id": 4, "last_modified_at": WIRE_MOMENT}]})
    update = ("projects", "update", {"name": "New"}, "4", "OPP-1", "k")
    with RawServer(recorded.behave) as server, _open(server.address) as tryton:
        with pytest.raises(Conflict, match="changed since"):
            tryton.write(Write(*update, version="2026-11-20T00:00:00.000000Z"))
        assert [method for method, _, _, _ in recorded.asked] == ["GET"]
        tryton.write(Write(*update, version="2026-11-21T11:38:02.521774Z"))
    assert [method for method, _, _, _ in recorded.asked] == ["GET", "GET", "PUT"]


def test_a_company_that_is_no_number_is_told_at_once() -> None:
    with pytest.raises(Config, match="company number"):
        _open("http://127.0.0.1:9", company="one")


def test_a_malformed_value_is_told_of_its_row_only() -> None:
    row = {"id": 1, "amount": {"__class__": "date", "year": 2026}}
    recorded = Recorded({"sale.opportunity": [row, {"id": 2, "amount": None}]})
    with RawServer(recorded.behave) as server, _open(server.address) as tryton:
        (page,) = tryton.read("opportunities", None)
    assert [record.id for record in page.records] == ["2"]
    assert [(record.id, record.data) for record in page.unread] == [("1", row)]
    assert "cannot be read" in page.unread[0].problem
