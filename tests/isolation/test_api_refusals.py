"""Whatever the API refuses, it says why in one shape and with a code that the description names."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from config.api_auth import TokenThrottle, UnknownThrottle
from config.api_schema import CODES, DESCRIPTION
from governance.api.bodies import KnownFields
from tenants.accounts.models import Client, User
from tenants.models import Partner
from tenants.services.suspension import suspend_partner
from tests import actors
from tests.isolation.matrix import API
from tests.isolation.routes import URLCONFS
from tests.isolation.sessions import key_of
from tests.isolation.test_api import METHODS, ROUTES, address
from tests.isolation.test_pages import Twins
from tests.syncjobs.factories import BUILDER

if TYPE_CHECKING:  # what the test client answers with
    from django.test.client import _MonkeyPatchedWSGIResponse as _Answer

HOST = "admin.northwind.localhost"
# By status: a code that fits another one would mislead as an unknown one does.
FITS = {
    400: {"invalid", "parse_error"},
    401: {"not_authenticated", "authentication_failed"},
    403: {"permission_denied"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    406: {"not_acceptable"},
    409: {"refused", "change_refused"},
    415: {"unsupported_media_type"},
    429: {"throttled"},
    500: {"error"},
    503: {"unavailable"},
}


def ask(path: str, key: str, method: str = "GET", body: str = "", **more: Any) -> "_Answer":
    headers = {"host": HOST, "accept": more.pop("accept", "application/json")}
    if key:
        headers["authorization"] = f"Bearer {key}"
    browser = Browser(headers=headers, raise_request_exception=False)
    kind = more.pop("content_type", "application/json")
    with transaction.atomic():
        answer = browser.generic(method, path, body, content_type=kind, **more)
        transaction.set_rollback(True)
    return answer


def code_of(answer: "_Answer", said: str) -> str:
    """Return the code of a refusal, whose body is as the description says."""
    assert answer.headers["Content-Type"].startswith("application/json"), said
    body = answer.json()
    assert set(body) == {"error"}, said
    error = body["error"]
    assert set(error) - {"fields"} == {"code", "message", "reference"}, said
    assert error["message"], said
    assert error["reference"], said
    assert error["code"] in FITS[answer.status_code], f"{said}: {error['code']}"
    assert "fields" not in error or answer.status_code == 400, said
    return str(error["code"])


def test_the_description_names_each_code_beside_its_status() -> None:
    assert set(CODES) == set[str]().union(*FITS.values())
    for status, codes in FITS.items():
        for code in codes:
            assert f"| {status} | `{code}` |" in DESCRIPTION


def test_every_route_refuses_in_one_shape(twins: Twins) -> None:
    northwind = twins["northwind"]
    key, few = key_of(northwind, actors.ALICE), key_of(northwind, actors.IVAN)
    seen: set[str] = set()
    for route in ROUTES:
        with tenant_context(northwind):
            path = address(route, "Alder Consulting")
        for method in METHODS:
            tries = [
                ask(path, "", method),
                ask(path, "key_0123abcd_wrong", method),
                ask(path, few, method, "{}"),
                ask(path, key, method, "{"),
                ask(path, key, method, json.dumps([1])),
                ask(path, key, method, json.dumps({"reason": 1, "client": 999_999})),
                ask(path, key, method, "a", content_type="text/nonsense"),
                ask(path, key, method, "{}", accept="application/nonsense"),
                ask(f"{path}nothing/", key, method, "{}"),
            ]
            cache.clear()  # these are more calls than a minute allows
            for number, answer in enumerate(tries):
                said = f"{method} {route.name} ({number}): {answer.status_code}"
                assert answer.status_code < 500, said
                if answer.status_code >= 400:
                    seen.add(code_of(answer, said))
    missing = {"error", "throttled", "unavailable", "change_refused", "refused"}
    assert seen >= set(CODES) - missing, "the walk has met what it is for"
    assert len(ROUTES) == len(API)


def test_too_many_calls_and_a_failure_of_ours_are_in_the_same_shape(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(twins["northwind"], actors.ALICE)
    with monkeypatch.context() as patch:
        patch.setattr(TokenThrottle, "get_rate", lambda self: "1/min")
        answers = [ask("/api/v1/workflows/", key) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    assert code_of(answers[1], "too many") == "throttled"
    assert int(answers[1].headers["Retry-After"]) > 0

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("as a defect would")

    with monkeypatch.context() as patch:
        patch.setattr(APIView, "check_permissions", fails)
        failed = ask("/api/v1/workflows/", key)
    assert failed.status_code == 500
    assert code_of(failed, "a failure") == "error"


def test_calls_without_a_right_token_are_limited_where_they_come_from_and_nobody_else_is(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(twins["northwind"], actors.ALICE)
    monkeypatch.setattr(UnknownThrottle, "get_rate", lambda self: "2/min")
    wrong = [ask("/api/v1/workflows/", one) for one in ("key_0123abcd_wrong", "", "key_a_b")]
    assert [one.status_code for one in wrong] == [401, 401, 429]
    assert code_of(wrong[2], "too many wrong ones") == "throttled"
    assert int(wrong[2].headers["Retry-After"]) > 0
    assert ask("/api/v1/workflows/", key).status_code == 200, "a right token from the same place"
    elsewhere = ask("/api/v1/workflows/", "", REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 401
    near, far = "2001:db8:1:1::1", "2001:db8:1:1::2"
    ipv6 = [ask("/api/v1/workflows/", "", REMOTE_ADDR=one) for one in (near, far, near)]
    assert [one.status_code for one in ipv6] == [401, 401, 429], "one network is one place"


def test_calls_without_the_scope_count_as_calls_of_their_token(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = key_of(twins["northwind"], actors.IVAN)
    monkeypatch.setattr(TokenThrottle, "get_rate", lambda self: "2/min")
    answers = [ask("/api/v1/roles/", few, "POST", "{}") for _ in range(3)]
    assert [one.status_code for one in answers] == [403, 403, 429]
    assert code_of(answers[2], "too many refused ones") == "throttled"
    other = key_of(twins["northwind"], actors.ALICE)
    assert ask("/api/v1/workflows/", other).status_code == 200


@pytest.mark.parametrize(
    ("place", "name", "body"),
    [
        ("clients", "name", '{"name": "Elm", "name": "Oak"}'),
        ("workflows/9001/pause", "reason", '{"reason": "a", "reason": "b"}'),
        ("connections/9001/records", "sum", '{"records": [{"sum": 10.5, "sum": 1.05}]}'),
        ("mappings/9001/preview", "number", '{"sample": {"number": 1, "number": 2}}'),
    ],
)
def test_a_name_that_stands_twice_is_refused_by_name(
    twins: Twins, place: str, name: str, body: str
) -> None:
    key = key_of(twins["northwind"], actors.ALICE)
    answer = ask(f"/api/v1/{place}/", key, "POST", body, HTTP_IDEMPOTENCY_KEY="once")
    assert answer.status_code == 400
    assert code_of(answer, place) == "parse_error"
    assert f"The name {name!r} stands twice" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["audit-entries", "change-requests", "records", "usage"])
def test_a_filter_that_a_list_does_not_have_is_refused_with_those_that_it_has(
    twins: Twins, path: str
) -> None:
    answer = ask(f"/api/v1/{path}/?klient=1", key_of(twins["northwind"], actors.ALICE))
    assert code_of(answer, path) == "invalid"
    assert "It has: " in answer.json()["error"]["fields"][0]["message"]


def _taking_bodies() -> Iterator[str]:
    """Give the names of what the description says is read of a body."""
    text = (settings.BASE_DIR / "docs" / "openapi.yaml").read_text()
    for calls in yaml.safe_load(text)["paths"].values():
        for call in calls.values():
            for kind in call.get("requestBody", {}).get("content", {}).values():
                name = kind["schema"]["$ref"].rpartition("/")[2]
                yield name.removeprefix("Patched").removesuffix("Request")


def _below(kind: type[BaseSerializer[Any]]) -> Iterator[type[BaseSerializer[Any]]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def test_whatever_reads_a_body_refuses_fields_that_it_does_not_know() -> None:
    strict = {one.__name__.removesuffix("Serializer") for one in _below(KnownFields)}
    asked = set(_taking_bodies())
    assert len(asked) > 20
    assert asked <= strict


def test_a_field_that_is_not_known_or_only_read_is_named_with_those_that_there_are(
    twins: Twins,
) -> None:
    northwind = twins["northwind"]
    with tenant_context(northwind):
        person = User.objects.get(email=actors.BOB.email).pk
    body = json.dumps({"active": False, "e-mail": "b@example.com"})
    answer = ask(f"/api/v1/people/{person}/", key_of(northwind, actors.ALICE), "PATCH", body)
    assert code_of(answer, "people") == "invalid"
    told = {one["field"]: one["message"] for one in answer.json()["error"]["fields"]}
    assert set(told) == {"active", "e-mail"}
    assert told["active"] == "There is no such field here. There are: is_active, roles."
    body = json.dumps({"name": "Alder", "slug": "other"})
    client = reverse("client-detail", urlconf=URLCONFS["admin"], args=[_client(northwind)])
    answer = ask(client, key_of(northwind, actors.ALICE), "PATCH", body)
    assert code_of(answer, "clients") == "invalid"
    (only,) = answer.json()["error"]["fields"]
    assert only == {"field": "slug", "message": "This cannot be changed here."} | only


def _client(partner: Partner) -> int:
    with tenant_context(partner):
        return Client.objects.get(name="Alder Consulting").pk


def test_a_suspended_partner_and_a_body_that_is_too_large_are_in_the_same_shape(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    northwind: Partner = twins["northwind"]
    key = key_of(northwind, actors.ALICE)
    monkeypatch.setattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", 10)
    large = ask("/api/v1/clients/", key, "POST", json.dumps({"name": "x" * 100}))
    assert code_of(large, f"too large: {large.status_code}") == "parse_error"
    suspend_partner(BUILDER, northwind, reason="Unpaid.")
    assert code_of(ask("/api/v1/workflows/", key), "suspended") == "unavailable"
