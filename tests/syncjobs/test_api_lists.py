"""The engine's lists in the API: narrowed by what is asked; nothing that is asked is ignored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context
from drf_spectacular.generators import SchemaGenerator

from config.api import router
from governance.actors import command_actor
from syncjobs.connectors.errors import Rejected
from syncjobs.models import CanonicalRecord, Delivery, Issue
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.at_home import at_home
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")
Ask = Callable[..., Any]


def _program(partner: Partner, person: actors.Person, scopes: set[str]) -> Browser:
    with tenant_context(partner):
        user = User.objects.get(email=person.email)
        key = make_token(command_actor("tests"), user=user, name="t", scopes=scopes)[1]
    host = {"host": "admin.northwind.localhost", "authorization": f"Bearer {key}"}
    return Browser(headers=host)


@pytest.fixture
def browser(northwind: Partner) -> Browser:
    """A program with a token of Dave's, of support."""
    scopes = {"records.view", "exceptions.view", "exceptions.work", "workflows.view"}
    return _program(northwind, actors.DAVE, scopes)


@pytest.fixture
def ask(browser: Browser) -> Ask:
    """Ask the API; return the status and what came back."""

    def asked(path: str, body: dict[str, str] | None = None, **query: str) -> Any:
        place = f"/api/v1/{path}/"
        if body is not None:
            answer = browser.post(place, body, "application/json")
        else:
            answer = browser.get(place, query)
        return answer.status_code, answer.json()

    return asked


def _keys(answer: Any) -> list[str]:
    status, body = answer
    assert status == 200, body
    return sorted(one["key"] for one in body["results"])


def test_records_are_followed_by_when_they_changed(lab: Lab, ask: Ask) -> None:
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    CanonicalRecord.objects.filter(key="C-1").update(changed_at=timezone.now() - timedelta(days=2))
    hour_ago = (timezone.now() - timedelta(hours=1)).isoformat()
    assert _keys(ask("records", type="customer")) == ["C-1", "C-2"]
    assert _keys(ask("records", type="customer", changed_since=hour_ago)) == ["C-2"]
    assert _keys(ask("records", key="C-1")) == ["C-1"]


@pytest.mark.parametrize(
    ("path", "query", "field", "says"),
    [
        ("records", {"changed-since": "2026-10-01"}, "changed-since", "It has: changed_since, cl"),
        ("records", {"changed_since": "yesterday"}, "changed_since", "wrong format"),
        ("records", {"type": "timeentry"}, "type", "is none of these: "),
        ("deliveries", {"state": "done"}, "state", "is none of these: "),
        ("deliveries", {"run": "x"}, "run", "valid integer"),
        ("runs", {"since": "2026-10-01"}, "since", "no such filter"),
        ("exceptions", {"status": "open"}, "status", "It has: client, state."),
    ],
)
def test_what_a_list_does_not_know_is_named_and_never_ignored(
    path: str, query: dict[str, str], field: str, says: str, lab: Lab, ask: Ask
) -> None:
    status, body = ask(path, **query)
    assert status == 400
    (row,) = body["error"]["fields"]
    assert row["field"] == field
    assert says in row["message"]


@pytest.mark.parametrize(
    ("prefix", "scope"),
    [
        (name, vars(view)["required"]["list"])
        for name, view, _ in router.registry
        if hasattr(view, "list")
    ],
)
def test_no_list_ignores_a_filter_that_it_does_not_have(
    prefix: str, scope: str, northwind: Partner
) -> None:
    program = _program(northwind, actors.ALICE, {scope})
    answer = program.get(f"/api/v1/{prefix}/", {"nmae": "x"})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["fields"]] == ["nmae"]
    assert program.get(f"/api/v1/{prefix}/").status_code == 200


def test_lists_of_clients_things_are_narrowed_by_the_client(lab: Lab, northwind: Partner) -> None:
    program = _program(northwind, actors.ALICE, {"clients.view", "users.manage", "prices.view"})
    (one,) = program.get("/api/v1/clients/", {"client": lab.client.pk}).json()["results"]
    assert one["id"] == lab.client.pk
    people = program.get("/api/v1/people/", {"client": lab.client.pk}).json()["results"]
    assert {one["client"] for one in people} <= {lab.client.pk}
    assert program.get("/api/v1/tiers/", {"client": lab.client.pk}).json()["results"] == []
    refused = program.get("/api/v1/clients/", {"client": "x"})
    assert refused.status_code == 400


def test_what_a_person_does_to_a_delivery_is_a_change_of_it(lab: Lab, ask: Ask) -> None:
    lab.target.fail_before = [Rejected("It is blocked.") for _ in range(2)]
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    first, second = Delivery.objects.filter(state="failed").order_by("pk")
    Delivery.objects.update(updated_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    assert ask("deliveries", changed_since=since)[1]["results"] == []
    status, skipped = ask(f"deliveries/{first.pk}/skip", {"reason": "Entered there by hand."})
    assert (status, skipped["state"]) == (200, "skipped")
    assert ask(f"deliveries/{second.pk}/retry", {"reason": "Unblocked."})[0] == 200
    found = {one["id"] for one in ask("deliveries", changed_since=since)[1]["results"]}
    assert found == {first.pk, second.pk}
    status, refused = ask(f"deliveries/{first.pk}/skip", {"reason": "Again."})
    assert status == 409
    assert "skipped" in refused["error"]["message"]


def test_trying_an_exception_again_says_how_many_are_tried(lab: Lab, ask: Ask) -> None:
    lab.target.fail_before = [Rejected("It is blocked.") for _ in range(2)]
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    issue = Issue.objects.get()
    status, tried = ask(f"exceptions/{issue.pk}/retry", {})
    assert (status, tried["retried"], tried["left"]) == (200, 2, 0)
    assert ask(f"exceptions/{issue.pk}/retry", {})[1]["retried"] == 0
    error = ask(f"exceptions/{issue.pk}/skip", {"reason": "Again."})[1]["error"]
    assert error["fields"] == []
    assert error["message"] == "Nothing of it is gone there any more."


def test_a_refusal_names_its_field_and_how_much_else_is_wrong(lab: Lab, ask: Ask) -> None:
    status, answer = ask("records", type="x", changed_since="y")
    assert status == 400
    message = answer["error"]["message"]
    assert message.endswith("(1 more in fields.)")
    fields = [one["field"] for one in answer["error"]["fields"]]
    assert sorted(fields) == ["changed_since", "type"]
    assert message.startswith(f"{fields[0]}: ")


def test_the_description_tells_of_every_filter_and_refusal() -> None:
    generator = SchemaGenerator(urlconf="config.urls_admin")  # type: ignore[no-untyped-call]
    made = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    named = {one["name"] for one in made["paths"]["/api/v1/records/"]["get"]["parameters"]}
    assert {"type", "key", "engagement", "changed_since", "client", "cursor"} <= named
    skip = made["paths"]["/api/v1/deliveries/{id}/skip/"]["post"]["responses"]
    assert {"200", "400", "401", "403", "404", "409", "429"} == set(skip)
    lists = made["paths"]["/api/v1/records/"]["get"]["responses"]
    assert {"200", "400", "401", "403", "404", "429"} == set(lists)
    tried = made["paths"]["/api/v1/workflows/{id}/dry-run/"]["post"]["responses"]["200"]
    assert tried["content"]["application/json"]["schema"]["type"] == "array", "it has no pages"
    assert made["components"]["schemas"]["Domain"]["properties"]["next_check_at"]["nullable"]
    assert "Retry-After" in made["components"]["responses"]["Refused429"]["headers"]


@pytest.mark.parametrize(
    ("method", "path", "header", "status", "says"),
    [
        ("post", "records/", None, 405, "POST is not possible at this address, which takes GET."),
        ("get", "records/", "Basic x", 401, "Send a token in the header Authorization: Bearer"),
        ("get", "records/?cursor=x", None, 404, "Ask without it for the first page"),
        ("get", "records/?page_size=many", None, 400, "a number from 1 to 200"),
        ("get", "records/?page_size=0", None, 400, "a number from 1 to 200"),
        ("get", "recrods/", None, 404, "The address may be old or mistyped."),
        ("get", "connections/", None, 403, "The token needs the scope connections.view."),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(
    method: str, path: str, header: str | None, status: int, says: str, lab: Lab, browser: Browser
) -> None:
    more = {"headers": {"authorization": header}} if header else {}
    answer = getattr(browser, method)(f"/api/v1/{path}", **more)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert says in error["message"]
    assert error["reference"]
