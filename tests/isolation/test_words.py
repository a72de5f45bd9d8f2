"""A partner's own words stand wherever ours would: menus, headings, lists, buttons."""

import re
from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context

from branding.services.brand import BrandValues, set_up_brand
from branding.services.identity import forget_identity
from governance.actors import command_actor
from tenants.accounts.permissions import permissions_of
from tenants.models import Partner
from tests.actors import ALICE, GRACE, Person
from tests.isolation.matrix import PAGES, PUBLIC, SIGNED_IN
from tests.isolation.routes import URLCONFS, Route
from tests.isolation.test_pages import pages

WORDS = BrandValues(
    name="Northwind Ops",
    primary="#0f766e",
    noun_client="account",
    noun_clients="accounts",
    noun_workflow="pipeline",
    noun_workflows="pipelines",
    noun_exception="obstacle",
    noun_exceptions="obstacles",
)
OURS = re.compile(r"\b(clients?|workflows?|exceptions?)\b", re.IGNORECASE)
# The editor and its history show our words on purpose, beside those that replace them; the
# audit trail shows what was written, as it was written.
# The headings of a file that is taken in stay as they are.
SHOWS_OURS = {"brand_edit", "brand_preview", "brand_history", "audit_list", "person_import"}
PEOPLE = {"admin": ALICE, "portal": GRACE}


def _lists(door: str) -> list[Route]:
    held = permissions_of(list(PEOPLE[door].roles)) | {PUBLIC, SIGNED_IN}
    return [
        route
        for route in pages(door)
        if not route.names
        and "GET" in PAGES[door][route.name].methods
        and PAGES[door][route.name].needs in held
        and route.name not in SHOWS_OURS
    ]


def _seen(html: str) -> str:
    """What people see or hear of a page: its text, and the texts of attributes."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    said = re.findall(r'(?:title|placeholder|aria-label|data-label|alt)="([^"]*)"', html)
    return " ".join([re.sub(r"<[^>]+>", " ", html), *said])


@pytest.mark.parametrize(
    "route", _lists("admin") + _lists("portal"), ids=lambda route: str(route.key)
)
def test_no_page_says_our_word_where_the_partner_has_its_own(
    route: Route, browse: Callable[..., Browser], northwind: Partner
) -> None:
    set_up_brand(command_actor("tests"), WORDS)
    forget_identity()
    person: Person = PEOPLE[route.door]
    answer = browse(person).get(reverse(route.name, urlconf=URLCONFS[route.door]), follow=True)
    if "text/html" not in answer.headers["Content-Type"]:
        return
    seen = _seen(answer.content.decode())
    found = [seen[max(0, one.start() - 40) : one.end() + 40] for one in OURS.finditer(seen)]
    with tenant_context(northwind):
        assert not found
