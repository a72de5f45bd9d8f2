"""Every page × method × role × owner: what the matrix promises is what the doors do."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context

from governance.models import AuditEntry
from tenants.accounts.permissions import permissions_of
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.conftest import host_of
from tests.isolation import world
from tests.isolation.matrix import PAGES
from tests.isolation.routes import URLCONFS, Route, routes
from tests.isolation.rule import PUBLIC, SIGNED_IN, Rule
from tests.isolation.sessions import signed_in

Twins = dict[str, Partner]
PEOPLE = {"admin": actors.STAFF, "portal": actors.CLIENT_PEOPLE}
REFUSED = {403, 404}
# What changes something comes last: all are asked of the same world.
METHODS = ("GET", "PUT", "DELETE", "POST")


def pages(door: str) -> list[Route]:
    return [route for route in routes(door) if route.name in PAGES[door]]


def address(route: Route, side: str) -> str:
    rule = PAGES[route.door][route.name]
    values = dict(rule.values)
    known = world.address_of(route.name, side)
    given = {name: values.get(name, known.get(name)) for name in route.names}
    return reverse(route.name, urlconf=URLCONFS[route.door], kwargs=given)


def asked(
    browser: Browser, methods: tuple[str, ...], path: str
) -> list[tuple[str, HttpResponseBase]]:
    """Ask once with each method and undo whatever came of it."""
    with transaction.atomic():
        responses: list[tuple[str, HttpResponseBase]] = [
            (method, browser.generic(method, path)) for method in methods
        ]
        transaction.set_rollback(True)
    return responses


def audited(twins: Twins) -> int:
    count = 0
    for partner in twins.values():
        with tenant_context(partner):
            count += AuditEntry.objects.count()
    return count


def allowed(rule: Rule, person: Person, method: str) -> bool:
    needs = rule.posts if method == "POST" and rule.posts else rule.needs
    held = permissions_of(list(person.roles))
    return needs in (PUBLIC, SIGNED_IN) or not held.isdisjoint(needs.split())


def check(
    route: Route, rule: Rule, person: Person, response: HttpResponseBase, method: str
) -> None:
    said = f"{method} {route.key} as {person.name}: {response.status_code}"
    assert response.status_code < 500, said
    methods = (*rule.methods, "POST") if rule.posts else rule.methods
    if method not in methods:
        assert response.status_code in {405, *REFUSED}, f"{said}, though the method is not declared"
    elif allowed(rule, person, method):
        if rule.absent and response.status_code == 404:
            return
        assert response.status_code not in {401, 403, 404, 405}, f"{said}, though it is allowed"
    else:
        assert response.status_code in REFUSED, f"{said}, though it is not allowed"


@pytest.mark.parametrize("route", pages("admin") + pages("portal"), ids=lambda route: route.key)
def test_a_page_lets_in_whom_the_matrix_names_and_nobody_else(route: Route, twins: Twins) -> None:
    rule = PAGES[route.door][route.name]
    northwind = twins["northwind"]
    with tenant_context(northwind):
        own = address(route, "Alder Consulting")
    for person in PEOPLE[route.door]:
        if person.client == "Birch Systems":
            continue
        for method, response in asked(signed_in(northwind, person), METHODS, own):
            check(route, rule, person, response, method)


@pytest.mark.parametrize("route", pages("admin") + pages("portal"), ids=lambda route: route.key)
def test_nobody_gets_in_without_signing_in(route: Route, twins: Twins) -> None:
    rule = PAGES[route.door][route.name]
    with tenant_context(twins["northwind"]):
        path = address(route, "Alder Consulting")
    host = "admin.northwind.localhost" if route.door == "admin" else "northwind.localhost"
    for _, response in asked(Browser(headers={"host": host}), rule.methods, path):
        assert response.status_code < 500
        if rule.needs != PUBLIC:
            assert response.status_code in {302, 403}
            assert response.status_code == 403 or "/sign-in/" in response["Location"]


@pytest.mark.parametrize(
    "route",
    [route for route in pages("portal") if PAGES["portal"][route.name].owned],
    ids=lambda route: route.key,
)
def test_another_clients_object_is_not_there_and_nothing_happens(
    route: Route, twins: Twins
) -> None:
    rule = PAGES["portal"][route.name]
    with tenant_context(twins["northwind"]):
        path = address(route, "Alder Consulting")
    browser = signed_in(twins["northwind"], actors.MALLORY)
    before = audited(twins)
    for method in rule.methods:
        response = browser.generic(method, path)
        expected = {404} if allowed(rule, actors.MALLORY, method) else REFUSED
        assert response.status_code in expected, f"{method} {route.key}: {response.status_code}"
        assert b"canary-northwind-alder" not in response.content
    assert audited(twins) == before


@pytest.mark.parametrize("door", ["admin", "portal"])
def test_another_partners_cookie_and_a_swapped_host_open_nothing(
    door: str, twins: Twins, browse: Callable[..., Browser]
) -> None:
    people = (actors.ALICE, actors.GRACE)
    before = audited(twins)
    for person in people:
        browser = signed_in(twins["northwind"], person)
        hosts = {"admin": "admin.brightbridge.localhost", "portal": "brightbridge.localhost"}
        if host_of(person) != {"admin": "admin.northwind.localhost"}.get(
            door, "northwind.localhost"
        ):
            hosts[door] = "admin.northwind.localhost" if door == "admin" else "northwind.localhost"
        for route in pages(door):
            rule = PAGES[door][route.name]
            if rule.needs == PUBLIC:
                continue
            with tenant_context(twins["northwind"]):
                path = address(route, "Alder Consulting")
            method = rule.methods[0]
            response = browser.generic(method, path, headers={"host": hosts[door]})
            assert response.status_code in {302, 403}, f"{method} {route.key} at {hosts[door]}"
            assert b"canary-" not in response.content
    assert audited(twins) == before


def test_the_console_lets_no_partners_person_in(twins: Twins) -> None:
    for person in (actors.ALICE, actors.GRACE):
        browser = signed_in(twins["northwind"], person)
        for route in routes("console"):
            rule = PAGES["console"][route.name]
            if rule.needs == PUBLIC:
                continue
            path = reverse(
                route.name, urlconf=URLCONFS["console"], kwargs=dict.fromkeys(route.names, 1)
            )
            for method in rule.methods:
                response = asked_at(browser, method, path, "localhost")
                assert response.status_code in {302, 401, 403}, f"{method} {route.key}"


def asked_at(browser: Browser, method: str, path: str, host: str) -> HttpResponseBase:
    """Ask another host with the same cookies."""
    return browser.generic(method, path, headers={"host": host})
