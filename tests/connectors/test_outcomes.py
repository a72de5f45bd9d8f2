"""How answers, and missing answers, become one of the closed set of errors."""

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from syncjobs.connectors.egress import EgressRules
from syncjobs.connectors.errors import (
    ERRORS,
    Config,
    Conflict,
    ConnectorError,
    Permanent,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from syncjobs.connectors.http import HttpClient, Limits, Request
from syncjobs.connectors.outcomes import Effect, from_status, retry_after
from tests.connectors.raw import RawServer, answer

READS, SAME, KEYED, TWICE = Effect.NONE, Effect.SAME, Effect.KEYED, Effect.TWICE


@pytest.fixture
def client() -> Iterator[HttpClient]:
    rules = EgressRules.allowing(["127.0.0.0/8"])
    made = HttpClient(rules=rules, limits=Limits(connect=0.5, read=0.3, whole=1, max_bytes=50_000))
    yield made
    made.close()


def test_the_set_of_errors_is_closed_and_each_has_its_own_kind() -> None:
    assert sorted(error.kind for error in ERRORS) == [
        "config", "conflict", "permanent", "rate_limited", "rejected", "transient", "unknown",
    ]  # fmt: skip
    assert {sub for sub in ConnectorError.__subclasses__() if sub in ERRORS} == set(ERRORS)


@pytest.mark.parametrize(
    ("status", "effect", "kind"),
    [
        (301, READS, Config), (308, TWICE, Config),
        (400, TWICE, Rejected), (401, TWICE, Config), (403, READS, Config),
        (404, READS, Permanent), (405, TWICE, Permanent), (409, TWICE, Conflict),
        (410, READS, Permanent), (412, KEYED, Conflict), (413, TWICE, Permanent),
        (415, TWICE, Permanent), (418, TWICE, Permanent), (422, TWICE, Rejected),
        (428, SAME, Conflict), (429, READS, RateLimited), (429, TWICE, RateLimited),
        (408, READS, Transient), (408, TWICE, Unknown), (425, KEYED, Transient),
        (500, READS, Transient), (500, SAME, Transient), (500, KEYED, Transient),
        (500, TWICE, Unknown), (501, TWICE, Permanent), (502, READS, Transient),
        (503, SAME, Transient), (503, KEYED, Transient), (503, TWICE, Unknown),
        (504, TWICE, Unknown), (599, READS, Transient),
    ],
)  # fmt: skip
def test_a_status_has_one_meaning_for_what_a_repeat_would_do(
    status: int, effect: Effect, kind: type[ConnectorError]
) -> None:
    error = from_status(status, {}, effect)
    assert type(error) is kind
    assert error.status == status
    assert error.message


def test_the_vendors_words_are_the_message_of_a_rejection() -> None:
    error = from_status(422, {}, TWICE, message="Customer A1 is blocked.", detail={"code": "X"})
    assert (error.message, error.detail) == ("Customer A1 is blocked.", {"code": "X"})


def test_the_words_of_a_redirect_are_never_shown() -> None:
    assert "final address" in from_status(302, {}, READS, message="<script>").message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "99999999"}, 3600.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT",
                "Date": "Sat, 21 Nov 2026 12:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "Retry-After": "Sat, 21 Nov 2026 11:00:00 GMT",
                "Date": "Sat, 21 Nov 2026 12:00:00 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Sat, 99 Nov 2026 11:00:00 GMT"}, None),
    ],
)
def test_a_pause_is_read_as_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds
    assert from_status(429, headers, READS).retry_after == seconds
    assert from_status(503, headers, READS).retry_after == seconds


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _write(client: HttpClient, url: str, effect: Effect) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        client.send(Request(method="POST", url=url, body=b"{}", effect=effect))
    return caught.value


@pytest.mark.parametrize("effect", [SAME, KEYED, TWICE])
def test_a_port_where_nobody_listens_is_transient_even_for_a_write(
    client: HttpClient, effect: Effect
) -> None:
    error = _write(client, f"http://127.0.0.1:{_free_port()}/", effect)
    assert type(error) is Transient
    assert error.status == 0


@pytest.mark.parametrize(
    ("effect", "kind"), [(READS, Transient), (SAME, Transient), (KEYED, Unknown), (TWICE, Unknown)]
)
def test_a_connection_dropped_after_the_request_leaves_a_write_open(
    client: HttpClient, effect: Effect, kind: type[ConnectorError]
) -> None:
    for behave in (lambda _c, _r: None, _reset):
        with RawServer(behave) as server:
            assert type(_write(client, server.address, effect)) is kind
            assert len(server.requests) == 1, "it must not be tried twice"


@pytest.mark.parametrize(("effect", "kind"), [(READS, Transient), (TWICE, Unknown)])
def test_no_answer_in_time_leaves_a_write_open(
    client: HttpClient, effect: Effect, kind: type[ConnectorError]
) -> None:
    def keep_waiting(_: socket.socket, __: bytes) -> None:
        server.release.wait(5)

    with RawServer(keep_waiting) as server:
        error = _write(client, server.address, effect)
    assert type(error) is kind
    assert "in time" in error.message


@pytest.mark.parametrize(("effect", "kind"), [(READS, Transient), (TWICE, Unknown)])
def test_an_answer_that_ends_early_leaves_a_write_open(
    client: HttpClient, effect: Effect, kind: type[ConnectorError]
) -> None:
    cut = b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id": '
    with RawServer(lambda c, _: c.sendall(cut)) as server:
        error = _write(client, server.address, effect)
    assert type(error) is kind
    assert error.status == 201


def test_an_answer_that_drips_is_given_up(client: HttpClient) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not server.release.wait(0.02):
            connection.sendall(b" " * 70)

    with RawServer(drip) as server, pytest.raises(Transient, match="too long"):
        client.send(Request(method="GET", url=server.address))


def test_headers_that_drip_are_given_up(client: HttpClient) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        until = time.monotonic() + 5
        while not server.release.wait(0.02) and time.monotonic() < until:
            connection.sendall(b"X-Slow: 1\r\nX" if not started else b"-")
            started.append(True)

    started: list[bool] = []
    begun = time.monotonic()
    with RawServer(drip) as server, pytest.raises(Transient, match="did not answer in time"):
        client.send(Request(method="GET", url=server.address))
    assert time.monotonic() - begun < 3


def test_an_answer_that_is_too_large_is_given_up(client: HttpClient) -> None:
    with (
        RawServer(lambda c, _: c.sendall(answer(body=b" " * 60_000))) as server,
        pytest.raises(Permanent, match="smaller pages"),
    ):
        client.send(Request(method="GET", url=server.address))
