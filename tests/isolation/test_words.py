"""A partner's own words stand wherever ours would: menus, headings, lists, buttons."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from branding.services.identity import forget_identity
from governance.actors import Actor, command_actor
from tenants.accounts.models import Client, User
from tenants.accounts.permissions import permissions_of
from tenants.accounts.services.clients import change_client
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests.actors import ALICE, GRACE
from tests.isolation.matrix import API, PAGES
from tests.isolation.rule import SIGNED_IN
from tests.isolation.sessions import key_of, signed_in
from tests.isolation.test_api import ROUTES as API_ROUTES
from tests.isolation.test_api import address as api_address
from tests.isolation.test_pages import Twins, address, pages

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
# "Client ID" and "client secret" are the other system's terms.
OURS = re.compile(r"\b(clients?|workflows?|exceptions?)\b(?! (?:id|secret)\b)", re.IGNORECASE)
# The editor and its history show our words on purpose, beside those that replace them; the
# audit trail shows what was written, as it was written.
# The headings of a file that is taken in stay as they are, and so do the names of the API's fields.
SHOWS_OURS = {
    "brand_edit", "brand_preview", "brand_preview_page", "brand_history", "audit_list",
    "person_import", "api_docs",
}  # fmt: skip
PEOPLE = {"admin": ALICE, "portal": GRACE}


def seen(html: str) -> str:
    """What people see or hear of a page: its text, and the texts of attributes."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    said = re.findall(r'(?:title|placeholder|aria-label|data-label|alt)="([^"]*)"', html)
    return " ".join([re.sub(r"<[^>]+>", " ", html), *said])


def ours_in(text: str) -> list[str]:
    """Return each of our words in a text, with a little of what stands around it."""
    return [text[max(0, one.start() - 40) : one.end() + 40] for one in OURS.finditer(text)]


def own_words() -> None:
    """Give the partner that is entered its own words."""
    set_up_brand(command_actor("tests"), WORDS)
    forget_identity()


@pytest.mark.parametrize("door", ["admin", "portal"])
def test_no_page_of_one_object_says_our_word_either(door: str, twins: Twins) -> None:
    northwind = twins["northwind"]
    with tenant_context(northwind):
        own_words()
        person = PEOPLE[door]
        held = permissions_of(list(person.roles)) | {SIGNED_IN}
        routes = [route for route in pages(door) if route.names and route.name not in SHOWS_OURS]
        paths = {
            route.name: address(route, "Alder Consulting")
            for route in routes
            if "GET" in PAGES[door][route.name].methods
            and not held.isdisjoint(PAGES[door][route.name].needs.split())
        }
    browser = signed_in(northwind, person)
    found = {}
    for name, path in paths.items():
        answer = browser.get(path)
        if answer.status_code == 200 and "text/html" in answer.headers["Content-Type"]:
            found[name] = ours_in(seen(answer.content.decode()))
    assert len(found) > 5
    assert [f"{name}: {words}" for name, words in found.items() if words] == []


# Fields keep their names: they are the contract with programs. What is said about them does not.
BODIES: tuple[dict[str, object], ...] = (
    {"client": 999_999, "scopes": ["x"], "roles": ["x"], "reason": ""},
    {"name": "x", "email": "new@x.example", "roles": ["client_admin"], "document": {}},
)


STRANGE = ("There is no such field here.", "This cannot be changed here.")


def refused(browser: Browser, method: str, path: str, body: Mapping[str, object]) -> Any:
    """Return the error that a call is answered with, None without one.

    Fields that the call does not take are left out: what is said of those names the others.
    """
    with transaction.atomic():
        answer = browser.generic(method, path, json.dumps(body), content_type="application/json")
        transaction.set_rollback(True)
    error = answer.json().get("error") if answer.status_code >= 400 else None
    fields = error.get("fields", []) if isinstance(error, dict) else []
    strange = {row["field"] for row in fields if row["message"].startswith(STRANGE)}
    if strange:
        return refused(browser, method, path, {n: v for n, v in body.items() if n not in strange})
    return error


def test_no_answer_of_the_api_says_our_word(twins: Twins) -> None:
    northwind = twins["northwind"]
    key = key_of(northwind, ALICE)
    with tenant_context(northwind):
        own_words()
        paths = [(route, api_address(route, "Alder Consulting")) for route in API_ROUTES]
    said: dict[str, list[str]] = {}
    browser = Browser(
        headers={"host": "admin.northwind.localhost", "authorization": f"Bearer {key}"}
    )
    for route, path in paths:
        for method in API[route.name]:
            for body in BODIES if method != "GET" else ({},):
                query = "?client=x&month=x&cursor=x" if method == "GET" else ""
                error = refused(browser, method, path + query, body)
                if isinstance(error, dict):
                    fields = error.get("fields", [])
                    name = fields[0]["field"] if fields else ""
                    rows = [error["message"].removeprefix(f"{name}: ")]
                    rows += [row["message"] for row in fields]
                    said[f"{method} {route.name} {body}"] = ours_in(" ".join(rows))
    assert len(said) > 20
    assert [f"{name}: {words}" for name, words in said.items() if words] == []


@pytest.mark.parametrize(
    "refused",
    [
        lambda actor: make_token(
            actor, user=User.objects.get(email=GRACE.email), name="t", scopes=["clients.view"],
            client=Client.objects.get(name="Birch Systems"),
        ),
        lambda actor: change_client(actor, Client.objects.get(name="Birch Systems"), nonsense="x"),
    ],
)  # fmt: skip
def test_no_refusal_of_a_service_says_our_word(
    refused: Callable[[Actor], object], northwind: Partner
) -> None:
    own_words()
    with pytest.raises(ValidationError) as raised:
        refused(command_actor("tests"))
    text = " ".join(raised.value.messages)
    assert not ours_in(text)
    assert re.search(r"\baccounts?\b", text, re.IGNORECASE)
