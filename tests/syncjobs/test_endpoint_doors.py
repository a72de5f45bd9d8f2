"""Outgoing webhooks through the pages and the API: a secret is shown once, to who keeps it."""

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.models import AuditEntry
from syncjobs.models import Endpoint, Message
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests.actors import ALICE, GRACE, Person
from tests.at_home import at_home, page_url
from tests.branding.commerce import BUILDER

__all__ = ["at_home"]
Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
FORM = {"name": "Warehouse", "url": "https://hook.example/in?key=x", "listens": ["run.failed"]}


def call(
    person: Person, method: str, path: str, body: object = None, *scopes: str
) -> tuple[int, dict[str, object]]:
    """Call the API with a token of somebody's; return the status and the answer."""
    user = User.objects.get(email=person.email)
    held = list(scopes or ("webhooks.manage", "workflows.view"))
    _, key = make_token(BUILDER, user=user, name="t", scopes=held)
    host = "northwind.localhost" if person.client else "admin.northwind.localhost"
    browser = Browser(headers={"host": host, "authorization": f"Bearer {key}"})
    data = json.dumps(body) if body is not None else ""
    answer = browser.generic(method, f"/api/v1/{path}", data, content_type="application/json")
    return answer.status_code, answer.json() if answer.content else {}


@pytest.mark.parametrize(("person", "door"), [(ALICE, "admin"), (GRACE, "portal")])
def test_the_secret_is_on_one_page_and_nowhere_after(
    browse: Browse, person: Person, door: str
) -> None:
    browser = browse(person)
    answer = browser.post(page_url("endpoint_add", door=door), FORM)
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode())
    assert found, answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    endpoint = Endpoint.objects.get()
    shown = browser.get(page_url("endpoint_detail", endpoint.pk, door=door)).content.decode()
    assert "Warehouse" in shown
    assert "whsec_" not in shown
    told = json.dumps(list(AuditEntry.objects.values("after", "before")), default=str)
    assert found[0] not in told
    assert "key=x" not in told, "an address can hold a key"


def test_buttons_test_switch_rotate_and_remove(browse: Browse) -> None:
    browser = browse(ALICE)
    browser.post(page_url("endpoint_add"), FORM)
    pk = Endpoint.objects.get().pk
    browser.post(page_url("endpoint_test", pk))
    message = Message.objects.get()
    assert message.type == "webhook.test"
    page = browser.get(page_url("message_detail", message.pk)).content.decode()
    assert message.webhook_id in page
    assert "whsec_" in browser.post(page_url("endpoint_secret", pk)).content.decode()
    browser.post(page_url("endpoint_switch", pk))
    assert Endpoint.objects.get().state == "off"
    refused = browser.post(page_url("message_again", message.pk), follow=True).content.decode()
    assert "Switch it on first" in refused
    browser.post(page_url("endpoint_edit", pk), {**FORM, "name": "Lake"})
    assert Endpoint.objects.get().name == "Lake"
    assert "data-select-all" in browser.get(page_url("endpoint_edit", pk)).content.decode()
    asked = browser.post(page_url("endpoint_remove", pk), follow=True).content.decode()
    assert "Say that you mean it" in asked
    assert Endpoint.objects.exists()
    browser.post(page_url("endpoint_remove", pk), {"meant": "1"})
    assert not Endpoint.objects.exists()
    assert not Message.objects.exists()


def test_a_wrong_address_is_told_at_its_field(browse: Browse) -> None:
    answer = browse(ALICE).post(page_url("endpoint_add"), {**FORM, "url": "ftp://x.example/"})
    assert "must start with https://" in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_the_api_manages_endpoints_and_tells_the_secret_once(alder: Client) -> None:
    status, made = call(ALICE, "POST", "webhook-endpoints/", {**FORM, "client": alder.pk})
    assert status == 201, made
    assert str(made["secret"]).startswith("whsec_")
    path = f"webhook-endpoints/{made['id']}/"
    status, shown = call(ALICE, "GET", path)
    assert (status, shown["client"], "secret" in shown) == (200, alder.pk, False)
    assert call(ALICE, "PATCH", path, {"on": False})[1]["state"] == "off"
    assert call(ALICE, "POST", f"{path}test/")[0] == 400
    call(ALICE, "PATCH", path, {"on": True})
    status, sent = call(ALICE, "POST", f"{path}test/")
    assert (status, sent["state"]) == (202, "waiting")
    status, listed = call(ALICE, "GET", f"webhook-messages/?endpoint={made['id']}")
    assert [one["id"] for one in listed["results"]] == [sent["id"]]  # type: ignore[attr-defined]
    assert call(GRACE, "GET", path)[0] == 404, "the partner's own, though it is about this client"
    assert call(ALICE, "DELETE", path)[0] == 204


def test_a_clients_token_names_no_other_client(alder: Client, birch: Client) -> None:
    for wanted in (birch.pk, 987654):
        status, said = call(GRACE, "POST", "webhook-endpoints/", {**FORM, "client": wanted})
        assert (status, "client" in json.dumps(said)) == (400, True)
    status, made = call(GRACE, "POST", "webhook-endpoints/", FORM)
    assert (status, made["client"]) == (201, alder.pk)


def test_a_token_without_the_scope_does_nothing() -> None:
    assert call(ALICE, "GET", "webhook-endpoints/", None, "workflows.view")[0] == 403
    status, _ = call(ALICE, "POST", "webhook-endpoints/", FORM, "webhooks.manage")
    assert status == 400, "its token may not see runs, so its program does not hear of them"
