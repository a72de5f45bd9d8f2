"""Requests that cannot be read are told so; none of them is our failure."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from config import wsgi
from config.bodies import WholeBody
from config.content_types import readable_content_type
from governance.actors import command_actor
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests.actors import ALICE, GRACE

Browse = Callable[..., Browser]


@pytest.mark.parametrize("path", ["/sign-in/", "/"])
def test_a_session_cookie_with_a_nul_is_a_bad_request(browse: Browse, path: str) -> None:
    browser = browse(None, host="admin.northwind.localhost")
    browser.cookies["session"] = "\0aaaaaaaaaaaaaaaaaaaa"

    assert browser.get(path).status_code == 400


@pytest.mark.parametrize("charset", ["base64", "rot13", "hex", "zlib", "undefined", "idna", "x y"])
def test_a_charset_that_is_none_for_text_is_left_out(charset: str) -> None:
    assert readable_content_type(f"text/html; charset={charset}") == "text/html"
    assert (
        readable_content_type(f"multipart/form-data; boundary=x; charset={charset}")
        == 'multipart/form-data; boundary="x"'
    )


@pytest.mark.parametrize("sent", ["text/html; x*=no''%41"])
def test_a_content_type_that_cannot_be_parsed_counts_as_none(sent: str) -> None:
    assert readable_content_type(sent) == ""


@pytest.mark.parametrize(
    "sent",
    ["", "application/json", "text/html; charset=UTF-8", 'multipart/form-data; boundary="a;b"'],
)
def test_an_ordinary_content_type_stays_as_it_is(sent: str) -> None:
    assert readable_content_type(sent) == sent


def test_the_application_gives_the_library_a_content_type_that_it_can_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wsgi, "_handler", lambda environ, _: [environ["CONTENT_TYPE"].encode()])

    answer = wsgi.application({"CONTENT_TYPE": "text/html; charset=base64"}, lambda *_: print)

    assert answer == [b"text/html"]


@pytest.mark.parametrize(
    "address",
    ["/clients/?q=%00", "/work/exceptions/?q=a%00b", "/mappings/?q=%00", "/changes/?q=%00"],
)
def test_a_search_for_a_nul_is_a_bad_request(browse: Browse, address: str) -> None:
    assert browse(ALICE).get(address).status_code == 400


def _program(partner: Partner) -> Browser:
    with tenant_context(partner):
        owner = User.objects.get(email=ALICE.email)
        key = make_token(command_actor("tests"), user=owner, name="t", scopes=owner.permissions)[1]
    host = f"admin.{partner.slug}.localhost"
    return Browser(headers={"host": host, "authorization": f"Bearer {key}"})


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000])
def test_a_body_nested_without_end_is_a_bad_request(northwind: Partner, body: str) -> None:
    answer = _program(northwind).post("/api/v1/clients/", body, content_type="application/json")

    assert answer.status_code == 400
    assert "nested too deep" in answer.json()["error"]["message"]


def test_half_a_character_is_refused_in_words_that_can_be_sent(northwind: Partner) -> None:
    body = r'{"name": "New Client", "status": "\ud800"}'
    answer = _program(northwind).post("/api/v1/clients/", body, content_type="application/json")

    assert answer.status_code == 400
    assert "is none of these: " in answer.json()["error"]["message"]


@pytest.mark.parametrize("cursor", ["cD1hYmM=", "cD0lMDA=", "cj0xJnA9eA==", "zzz"])
@pytest.mark.parametrize(
    "kind", ["clients", "runs", "records", "deliveries", "change-requests", "mappings"]
)
def test_a_made_up_cursor_is_not_found(northwind: Partner, kind: str, cursor: str) -> None:
    answer = _program(northwind).get(f"/api/v1/{kind}/", {"cursor": cursor})

    assert answer.status_code == 404


def test_a_made_up_cursor_of_the_audit_trail_is_not_found(northwind: Partner) -> None:
    answer = _program(northwind).get("/api/v1/audit-entries/", {"cursor": "cD1hYmM="})

    assert answer.status_code == 404


def test_a_session_of_one_partner_is_nobody_at_another(browse: Browse) -> None:
    browser = browse(GRACE)
    for host in (
        "brightbridge.localhost",
        "admin.brightbridge.localhost",
        "admin.northwind.localhost",
    ):
        assert browser.get("/", headers={"host": host}).status_code == 302


def test_nobody_chooses_the_id_under_which_acts_are_filed(browse: Browse) -> None:
    answer = browse(ALICE).get("/", headers={"X-Request-ID": "another-persons-correlation-id"})
    assert len(answer["X-Request-ID"]) == 32


def test_a_body_is_read_to_its_end_and_not_past_it() -> None:
    body = WholeBody(BytesIO(b"one\ntwo\nthreeNEXT"), 13)

    assert body.read(2) == b"on"
    assert body.readline() == b"e\n"
    assert body.readline(2) == b"tw"
    assert body.read() == b"o\nthree"
    assert body.read() == body.readline() == b""


@pytest.mark.parametrize("read", [WholeBody.read, WholeBody.readline])
def test_a_body_that_ends_before_its_length_is_not_taken(read: Callable[..., bytes]) -> None:
    body = WholeBody(BytesIO(b"reason=it is wr"), 40)

    for _ in range(2):
        with pytest.raises(BadRequest):
            read(body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"email=alice%40northwind.example&pass"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n'),
    ],
)
@pytest.mark.parametrize("path", ["/sign-in/", "/password/"])
def test_half_a_form_is_a_bad_request(kind: str, body: bytes, path: str, browse: Browse) -> None:
    told = len(body) + 200
    broken: dict[str, Any] = {
        "wsgi.input": WholeBody(BytesIO(body), told),
        "CONTENT_LENGTH": str(told),
    }
    browser = browse(None, host="admin.northwind.localhost")

    answer = browser.generic("POST", path, body, content_type=kind, **broken)

    assert answer.status_code == 400


def test_half_a_body_of_a_program_is_a_bad_request(northwind: Partner) -> None:
    body = b'{"name": "Half"}  '
    broken: dict[str, Any] = {"wsgi.input": WholeBody(BytesIO(body), 99), "CONTENT_LENGTH": "99"}

    answer = _program(northwind).generic(
        "POST", "/api/v1/clients/", body, content_type="application/json", **broken
    )

    assert answer.status_code == 400
    with tenant_context(northwind):
        assert not Client.objects.filter(name="Half").exists()


def test_the_application_lets_bodies_be_read_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wsgi, "_handler", lambda environ, _: [environ["wsgi.input"].read()])
    environ = {"CONTENT_LENGTH": "9", "wsgi.input": BytesIO(b"too short")}

    assert wsgi.application(environ, lambda *_: print) == [b"too short"]
    with pytest.raises(BadRequest):
        wsgi.application(environ | {"CONTENT_LENGTH": "10"}, lambda *_: print)
