"""The session: kept alive, capped, counted, quiet about what it carries."""

import gzip
import logging
import threading
from collections.abc import Iterator

import pytest

from syncjobs.connectors.egress import EgressRules
from syncjobs.connectors.errors import Permanent, RateLimited
from syncjobs.connectors.http import HttpClient, Limits, Request
from syncjobs.sandbox.client import SandboxClient
from tests.connectors.conftest import TOKEN
from tests.connectors.raw import RawServer, answer

LOOPBACK = EgressRules.allowing(["127.0.0.0/8"])


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient(rules=LOOPBACK, limits=Limits(connect=1, read=2, max_bytes=200_000))
    yield made
    made.close()


def test_one_connection_serves_call_after_call(client: HttpClient) -> None:
    connections: list[int] = []

    def behave(connection: object, request: bytes) -> None:
        connections.append(1)
        alive = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        for _ in range(3):
            connection.sendall(alive)  # type: ignore[attr-defined]  # a socket
            connection.recv(65536)  # type: ignore[attr-defined]  # a socket

    with RawServer(behave) as server:
        for _ in range(3):
            assert client.send(Request(method="GET", url=server.address)).body == b"{}"
        client.close()
    assert len(connections) == 1


def test_the_caller_names_no_product(client: HttpClient) -> None:
    with RawServer(lambda c, _: c.sendall(answer())) as server:
        client.send(Request(method="GET", url=server.address))
    sent = server.requests[0].lower()
    assert b"user-agent: integration/1.0" in sent
    for word in (b"livery", b"python", b"requests", b"django"):
        assert word not in sent


def test_a_cookie_is_not_kept(client: HttpClient) -> None:
    more = "Set-Cookie: session=abc; Path=/\r\n"
    with RawServer(lambda c, _: c.sendall(answer(more=more))) as server:
        for _ in range(2):
            client.send(Request(method="GET", url=server.address))
    assert b"cookie" not in server.requests[1].lower()


def test_a_small_answer_that_unpacks_to_a_large_one_is_given_up(client: HttpClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 60_000
    more = "Content-Encoding: gzip\r\n"
    with (
        RawServer(lambda c, _: c.sendall(answer(body=bomb, more=more))) as server,
        pytest.raises(Permanent, match="smaller pages"),
    ):
        client.send(Request(method="GET", url=server.address))


def test_calls_and_bytes_are_counted(client: HttpClient) -> None:
    with RawServer(lambda c, _: c.sendall(answer("404 Not Found", b'{"a":1}'))) as server:
        client.send(Request(method="POST", url=server.address, body=b"12345"))
    counts = client.counts
    assert (counts.calls, counts.failed, counts.bytes_out, counts.bytes_in) == (1, 1, 5, 7)
    assert counts.seconds > 0


def test_a_log_line_tells_the_call_and_not_its_content(
    client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(lambda c, _: c.sendall(answer(body=b'{"iban":"SECRET-BODY"}'))) as server:
        client.send(
            Request(
                method="POST",
                url=f"{server.address}/v2/accounts",
                params=[("email", "SECRET-QUERY")],
                headers={"Authorization": "Bearer SECRET-HEADER"},
                body=b"SECRET-SENT",
            )
        )
    own = [r.getMessage() for r in caplog.records if r.name == "syncjobs.connectors.http"]
    assert len(own) == 1
    assert own[0].startswith("call POST 127.0.0.1/v2/accounts 200 in ")
    assert "SECRET" not in " ".join(own)


def test_the_budget_is_asked_before_each_call() -> None:
    class Empty:
        def take(self) -> None:
            raise RateLimited("The connection's own limit is reached.", retry_after=2)

    with RawServer(lambda c, _: c.sendall(answer())) as server:
        limited = HttpClient(rules=LOOPBACK, budget=Empty())
        with pytest.raises(RateLimited) as caught:
            limited.send(Request(method="GET", url=server.address))
        limited.close()
    assert caught.value.retry_after == 2
    assert server.requests == []


def test_several_threads_share_one_client(client: HttpClient, crm: SandboxClient) -> None:
    url = f"{crm.address}/v2/accounts"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    statuses: list[int] = []

    def work() -> None:
        request = Request(method="GET", url=url, headers=headers)
        statuses.extend(client.send(request).status for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80
    assert client.counts.calls == 80
