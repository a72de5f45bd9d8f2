"""Signing in: each way, renewal, and secrets that never show."""

import base64
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from governance.redaction import REDACTED
from syncjobs.connectors.auth import Basic, Bearer, KeyHeader, SignIn, sign_in
from syncjobs.connectors.base import Connector, Write
from syncjobs.connectors.errors import Config, ConnectorError, Transient
from syncjobs.connectors.http import Answer, Request
from syncjobs.connectors.registry import connector
from syncjobs.connectors.scrub import Scrubber
from syncjobs.sandbox.client import SandboxClient
from tests.connectors.raw import RawServer, answer

CONFIG = {"user": "ann", "client_id": "integration"}
CUSTOMER = {"name": "Alder", "number": "A1", "currency": "EUR"}


def _never(request: Request) -> Answer:
    raise AssertionError(f"nothing should be sent, but {request.url} was")


def _headers(auth: Bearer | KeyHeader | Basic, secret: Mapping[str, str]) -> Mapping[str, str]:
    made: SignIn = sign_in(auth, CONFIG, secret, base_url="", send=_never, learn=lambda _: None)
    return made.headers()


def test_each_way_puts_the_secret_where_the_system_wants_it() -> None:
    assert _headers(Bearer(), {"token": "t0ken"}) == {"Authorization": "Bearer t0ken"}
    assert _headers(KeyHeader(header="X-Key"), {"api_key": "k"}) == {"X-Key": "k"}
    pair = base64.b64encode("ann:pässword".encode()).decode()
    assert _headers(Basic(), {"password": "pässword"}) == {"Authorization": f"Basic {pair}"}


@pytest.mark.parametrize("secret", [{}, {"token": ""}, {"api_key": "other"}])
def test_a_missing_credential_is_named(secret: dict[str, str]) -> None:
    with pytest.raises(Config, match="'token' is missing"):
        _headers(Bearer(), secret)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "clé", "a\x00b"])
def test_a_credential_cannot_smuggle_a_header(value: str) -> None:
    with pytest.raises(Config, match="cannot be sent") as caught:
        _headers(Bearer(), {"token": value})
    assert value not in str(caught.value)


class _TokenServer:
    """Counts token calls; refuses every access token but the newest."""

    def __init__(self, *, accept: bool = True) -> None:
        self.issued = 0
        self.accept = accept
        self.lock = threading.Lock()

    def behave(self, connection: object, request: bytes) -> None:
        with self.lock:
            if request.startswith(b"POST /oauth/token"):
                self.issued += 1
                body = b'{"access_token":"at-%d","expires_in":3600}' % self.issued
                reply = answer(body=body)
            elif self.accept and b"Bearer at-%d\r\n" % self.issued in request:
                reply = answer(body=b'{"value":[]}')
            else:
                reply = answer("401 Unauthorized", b'{"error":{"message":"expired"}}')
        connection.sendall(reply)  # type: ignore[attr-defined]  # a socket


def _ledgerline(address: str, secret: str) -> Connector:
    config = {"base_url": address, "client_id": "integration"}
    return connector("sandbox_erp").open(config, {"client_secret": secret})


def test_a_token_is_asked_for_once_and_shared_by_all_threads_and_connectors() -> None:
    tokens = _TokenServer()
    with (
        RawServer(tokens.behave) as server,
        _ledgerline(server.address, "s-1") as one,
        _ledgerline(server.address, "s-1") as two,
    ):
        with ThreadPoolExecutor(8) as pool:
            reads = pool.map(lambda opened: list(opened.read("customers", None)), (one, two) * 8)
        assert [len(pages) for pages in reads] == [1] * 16
    assert tokens.issued == 1


def test_another_secret_gets_a_token_of_its_own() -> None:
    tokens = _TokenServer()
    with RawServer(tokens.behave) as server:
        for secret in ("s-2", "s-3", "s-3"):
            with _ledgerline(server.address, secret) as opened:
                list(opened.read("customers", None))
    assert tokens.issued == 2, "the second time with s-3 uses the token that is there"


def test_a_sign_in_that_is_refused_again_is_not_tried_a_third_time() -> None:
    tokens = _TokenServer(accept=False)
    with (
        RawServer(tokens.behave) as server,
        _ledgerline(server.address, "s-4") as opened,
        pytest.raises(Config, match="expired") as caught,
    ):
        list(opened.read("customers", None))
    assert caught.value.status == 401
    assert tokens.issued == 2
    assert len(server.requests) == 4


def test_an_expired_token_is_renewed_in_the_middle_of_work(
    erp: SandboxClient, ledgerline: Connector
) -> None:
    ledgerline.write(Write("customers", "create", CUSTOMER, None, "A1", "k-1"))
    erp.control("expire_tokens")
    written = ledgerline.write(
        Write("customers", "create", {**CUSTOMER, "number": "A2"}, None, "A2", "k-2")
    )
    assert written.status == 201
    created = [e for e in erp.ledger()["entries"] if e["effect"] == "customers.created"]
    assert len(created) == 2


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<html>", b'{"access_token":""}'])
def test_a_sign_in_without_a_token_in_it_is_transient(body: bytes) -> None:
    with (
        RawServer(lambda c, _: c.sendall(answer(body=body))) as server,
        _ledgerline(server.address, "s-5") as opened,
        pytest.raises(Transient, match="no token"),
    ):
        list(opened.read("customers", None))


@pytest.mark.parametrize("token", ["€uro", "a\r\nX-Evil: 1", "\U0001f511"])
def test_a_token_that_no_header_can_carry_is_told(token: str) -> None:
    body = json.dumps({"access_token": token}).encode()
    with (
        RawServer(lambda c, _: c.sendall(answer(body=body))) as server,
        _ledgerline(server.address, f"s-6 {token!r}") as opened,
        pytest.raises(Config, match="cannot be sent") as caught,
    ):
        list(opened.read("customers", None))
    assert token not in str(caught.value)
    assert len(server.requests) == 1, "only the token was asked for"


def test_wrong_credentials_are_told_by_the_check(erp: SandboxClient) -> None:
    with _ledgerline(erp.address, "wrong-secret") as opened:
        checks = {check.name: check for check in opened.check()}
    assert checks["Reach the system"].ok
    assert not checks["Sign in"].ok
    assert "client id or secret is wrong" in checks["Sign in"].message
    assert not checks["Read customers"].ok


@pytest.mark.parametrize("secret", ["canary-9f3+/=", "canary secret", "cänary"])
def test_a_secret_is_removed_in_every_spelling(secret: str) -> None:
    scrubber = Scrubber([secret])
    encoded = base64.b64encode(secret.encode()).decode()
    for spelling in (secret, quote(secret, safe=""), encoded):
        cleaned = scrubber.text(f"x {spelling} y")
        assert REDACTED in cleaned
        assert spelling.rstrip("=") not in cleaned


def test_a_system_that_echoes_the_credentials_leaks_them_nowhere() -> None:
    def echo(connection: object, request: bytes) -> None:
        seen = request.split(b"Bearer ")[1].split(b"\r\n")[0].decode()
        body = (
            '{"status":"error","message":"token SEEN is bad","category":"X",'
            '"errors":[{"in":"SEEN","message":"SEEN"}]}'.replace("SEEN", seen)
        )
        connection.sendall(answer("400 Bad Request", body.encode()))  # type: ignore[attr-defined]

    with RawServer(echo) as server:
        config, secret = {"base_url": server.address}, {"token": "canary-4711"}
        with connector("sandbox_crm").open(config, secret) as opened:
            with pytest.raises(ConnectorError) as caught:
                opened.write(Write("accounts", "create", {"note": "canary-4711"}, None, "A1", "k"))
            preview = opened.request_preview(
                Write("accounts", "create", {"note": "canary-4711"}, None, "A1", "k")
            )
    error = caught.value
    shown = f"{error} {error.message} {error.args} {error.detail} {error!r} {preview}"
    assert "canary" not in shown
    assert REDACTED in shown
    assert error.__cause__ is None


def test_an_answer_that_is_too_large_to_be_kept_leaves_a_note() -> None:
    scrubber = Scrubber(["canary"])
    assert scrubber.answer({"a": "canary"}) == {"a": REDACTED}
    assert scrubber.data({"in": [{"deep": "my canary sings"}]}) == {
        "in": [{"deep": f"my {REDACTED} sings"}]
    }
    assert scrubber.data({"no JSON": object, "by": "canary"})["by"] == REDACTED
    assert scrubber.answer(["a"]) == {}
    assert scrubber.answer({"a": "x" * 300_000}) == {
        "left_out": "The answer has 292 kB, too much to be kept."
    }
