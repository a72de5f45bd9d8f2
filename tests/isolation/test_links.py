"""Every link that a page shows can be opened by who sees it, whatever their role is made of."""

import re
from functools import cache

import pytest
from django.test import Client as Browser
from django.urls import Resolver404, resolve
from django_tenants.utils import tenant_context

from governance.actors import command_actor
from tenants.accounts.models import Role, User
from tenants.accounts.services.people import set_roles
from tenants.accounts.services.roles import make_role
from tenants.models import Partner
from tests import actors
from tests.isolation.matrix import PAGES
from tests.isolation.routes import URLCONFS
from tests.isolation.rule import PUBLIC
from tests.isolation.sessions import signed_in
from tests.isolation.test_pages import Twins, address, pages

LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"#]*)')
BUILDER = command_actor("tests")
# Roles that hold little beside one thing: those are who a page shows too much.
STAFF = [("support_agent", ()), ("finance", ())] + [
    ("", permissions)
    for permissions in (
        ("brand.manage",),
        ("clients.view",),
        ("exceptions.view", "exceptions.work"),
        ("workflows.view", "workflows.manage"),
        ("records.view",),
        ("prices.view", "prices.manage"),
        ("users.manage", "clients.view"),
    )
]
CLIENTS = [("client_viewer", ())] + [
    ("", (one,)) for one in ("exceptions.view", "workflows.view", "records.view", "usage.view")
]


@cache
def kind_of(link: str, door: str) -> str:
    """Return the name of the route that a link leads to; the link where there is none."""
    try:
        return resolve(link.partition("?")[0], urlconf=URLCONFS[door]).view_name
    except Resolver404:
        return link


def broken(browser: Browser, door: str, partner: Partner) -> set[str]:
    """Open every page and follow each kind of link on it; return those that lead nowhere."""
    wrong: set[str] = set()
    opened: dict[str, int] = {}  # the menu is on every page; each is opened once
    for route in pages(door):
        rule = PAGES[door][route.name]
        if "GET" not in rule.methods or rule.needs == PUBLIC:
            continue
        with tenant_context(partner):
            path = address(route, "Alder Consulting")
        response = browser.get(path)
        opened[path] = response.status_code
        if response.status_code != 200 or "html" not in response.headers["Content-Type"]:
            continue
        followed = set()
        for link in LINK.findall(response.content.decode().replace("&amp;", "&")):
            name = kind_of(link, door)
            if name in followed:
                continue
            followed.add(name)
            if link not in opened:
                opened[link] = browser.get(link).status_code
            if opened[link] >= 400:
                wrong.add(f"{route.name} → {name}: {opened[link]}")
    return wrong


def with_only(partner: Partner, email: str, role: str, permissions: tuple[str, ...]) -> None:
    """Give somebody one role: a built-in one, or one made of these permissions."""
    with tenant_context(partner):
        user = User.objects.get(email=email)
        key = role
        if not role:
            kind = Role.Kind.CLIENT if user.client_id else Role.Kind.STAFF
            key = make_role(BUILDER, name="One", kind=kind, permissions=permissions).key
        set_roles(BUILDER, user, [key])


@pytest.mark.parametrize(("role", "permissions"), STAFF)
def test_staff_can_open_what_they_are_shown(
    twins: Twins, role: str, permissions: tuple[str, ...]
) -> None:
    with_only(twins["northwind"], actors.DAVE.email, role, permissions)
    browser = signed_in(twins["northwind"], actors.DAVE)
    assert broken(browser, "admin", twins["northwind"]) == set()


@pytest.mark.parametrize(("role", "permissions"), CLIENTS)
def test_a_clients_people_can_open_what_they_are_shown(
    twins: Twins, role: str, permissions: tuple[str, ...]
) -> None:
    with_only(twins["northwind"], actors.IVAN.email, role, permissions)
    browser = signed_in(twins["northwind"], actors.IVAN)
    assert broken(browser, "portal", twins["northwind"]) == set()
