"""Every API route × method × token × owner."""

import json
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context

from tenants.accounts.permissions import permissions_of
from tests import actors
from tests.isolation import world
from tests.isolation.matrix import API, PARTNERS_OWN
from tests.isolation.routes import URLCONFS, Route, routes
from tests.isolation.sessions import key_of
from tests.isolation.test_pages import Twins, audited

if TYPE_CHECKING:  # what the test client answers with
    from django.test.client import _MonkeyPatchedWSGIResponse as _Answer

ROUTES = [route for route in routes("admin") if route.name in API]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODIES = {
    "record-correct": {"field": "name", "value": "Another name", "reason": "because"},
    "client-list": {"name": "New Client"},
    "client-detail": {"name": "New Name"},
    "person-detail": {"is_active": True},
    "role-detail": {"note": "because"},
    "custom-field-detail": {"help": "because"},
    "exception-retry": {"doubtful": True},
    "exception-assign": {"owner": None},
    "exception-comment": {"text": "because"},
    "workflow-schedule": {"within_hours": 4},
    "webhook-endpoint-detail": {"name": "New Name"},
    "webhook-endpoint-list": {
        "name": "Ours",
        "url": "https://ours.example/hook",
        "listens": ["run.failed"],
    },
    "mapping-preview": {"sample": {"number": "1"}},
    "change-request-approve": {"content_hash": "0" * 64},
}


def address(route: Route, side: str) -> str:
    return reverse(
        route.name,
        urlconf=URLCONFS["admin"],
        kwargs={name: world.address_of(route.name, side)[name] for name in route.names},
    )


def asked(method: str, path: str, key: str, route: Route, host: str) -> "_Answer":
    browser = Browser(headers={"host": host, "authorization": f"Bearer {key}"})
    body = json.dumps(BODIES.get(route.name, {"reason": "because"}))
    with transaction.atomic():
        response = browser.generic(method, path, body, content_type="application/json")
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_token_does_what_its_scopes_say_and_nothing_else(route: Route, twins: Twins) -> None:
    northwind = twins["northwind"]
    with tenant_context(northwind):
        path = address(route, "Alder Consulting")
    for person in (actors.ALICE, actors.DAVE, actors.ERIN, actors.GRACE, actors.IVAN):
        key = key_of(northwind, person)
        host = "northwind.localhost" if person.client else "admin.northwind.localhost"
        held = permissions_of(list(person.roles))
        if person.client and route.name in PARTNERS_OWN:
            held = frozenset()
        for method in METHODS:
            response = asked(method, path, key, route, host)
            said = f"{method} {route.name} as {person.name}: {response.status_code}"
            needed = API[route.name].get(method)
            assert response.status_code < 500, said
            if needed is None:
                assert response.status_code in {403, 404, 405}, said
            elif route.name == "change-request-approve":
                assert response.status_code in {403, 404}, f"{said}: tokens never sign"
            elif needed in held:
                # 409: the token may, but this object's state says no.
                assert response.status_code not in {401, 403, 404, 405}, f"{said}, though allowed"
            else:
                assert response.status_code in {403, 404}, f"{said}, though not allowed"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.names], ids=lambda route: route.name
)
def test_another_clients_object_is_not_there_for_a_token(route: Route, twins: Twins) -> None:
    with tenant_context(twins["northwind"]):
        path = address(route, "Alder Consulting")
    key = key_of(twins["northwind"], actors.MALLORY)
    before = audited(twins)
    for method in API[route.name]:
        response = asked(method, path, key, route, "northwind.localhost")
        assert response.status_code in {403, 404}, f"{method} {route.name}: {response.status_code}"
        assert b"canary-northwind-alder" not in response.content
    assert audited(twins) == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_another_partners_token_and_no_token_are_refused(route: Route, twins: Twins) -> None:
    with tenant_context(twins["northwind"]):
        path = address(route, "Alder Consulting")
    foreign = key_of(twins["brightbridge"], actors.ALICE)
    for method in API[route.name]:
        for key in (foreign, "", "key_0123abcd_wrong"):
            response = asked(method, path, key, route, "admin.northwind.localhost")
            assert response.status_code == 401, f"{method} {route.name}: {response.status_code}"


def test_a_lineage_tells_of_its_own_client_alone(twins: Twins) -> None:
    path = f"/api/v1/records/{world.ALDER}/lineage/"
    route = next(one for one in ROUTES if one.name == "record-lineage")
    grace = asked(
        "GET", path, key_of(twins["northwind"], actors.GRACE), route, "northwind.localhost"
    )
    assert grace.status_code == 200
    told = grace.json()
    assert [one["id"] for one in told["deliveries"]] == [world.ALDER]
    assert told["record"]["key"] == "C-canary-northwind-alder"
    for foreign in (b"canary-northwind-birch", b"canary-brightbridge"):
        assert foreign not in grace.content
    mallory = key_of(twins["northwind"], actors.MALLORY)
    assert asked("GET", path, mallory, route, "northwind.localhost").status_code == 404
    there = key_of(twins["brightbridge"], actors.ALICE)
    assert asked("GET", path, there, route, "admin.northwind.localhost").status_code == 401


def test_a_clients_list_holds_that_clients_rows_only(twins: Twins) -> None:
    key = key_of(twins["northwind"], actors.GRACE)
    for route in ROUTES:
        if route.names or "GET" not in API[route.name]:
            continue
        response = asked(
            "GET", reverse(route.name, urlconf=URLCONFS["admin"]), key, route, "northwind.localhost"
        )
        assert b"canary-northwind-birch" not in response.content, route.name
        assert b"canary-brightbridge" not in response.content, route.name
