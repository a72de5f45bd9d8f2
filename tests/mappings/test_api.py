"""Mappings by program: exact, read-only, and only one's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import command_actor
from mappings.models import Mapping
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.actors import Person
from tests.mappings.conftest import CUSTOMERS, make, with_rule

pytestmark = pytest.mark.usefixtures("at_home")
Asked = Callable[..., tuple[int, Any]]
API = "config.urls_admin"


@pytest.fixture
def ask(customers: Mapping) -> Asked:
    """Ask the API as somebody's token: method, URL name, and what to send."""

    def asked(
        person: Person, name: str, *args: object, body: str | bytes | None = None
    ) -> tuple[int, Any]:
        user = User.objects.get(email=person.email)
        _, key = make_token(command_actor("tests"), user=user, name="t", scopes=["mappings.view"])
        browser = Browser(
            headers={"host": "admin.northwind.localhost", "authorization": f"Bearer {key}"}
        )
        path = reverse(name, args=args, urlconf=API)
        if body is None:
            answer = browser.get(path)
        else:
            answer = browser.post(path, body, content_type="application/json")
        return answer.status_code, json.loads(answer.content or b"{}")

    return asked


def test_a_mapping_comes_with_its_live_version(ask: Asked, customers: Mapping) -> None:
    status, found = ask(actors.BOB, "mapping-detail", customers.pk)
    assert status == 200
    live = found["live"]
    assert live["document"] == CUSTOMERS
    assert live["state"] == "live"
    status, versions = ask(actors.BOB, "mapping-versions", customers.pk)
    assert status == 200
    assert [one["number"] for one in versions] == [1]


def test_a_preview_is_exact_and_says_what_each_rule_did(ask: Asked, customers: Mapping) -> None:
    document = with_rule(
        CUSTOMERS, id="a", target="phone", source="n", steps=[{"do": "to_decimal"}]
    )
    body = (
        '{"sample": {"number": "C-1", "name": " Ada ", "address": {"city": "Ulm"}, '
        '"n": 0.10000000000000000001}, "document": ' + json.dumps(document) + "}"
    )
    status, found = ask(actors.BOB, "mapping-preview", customers.pk, body=body)
    assert status == 200
    result, rows = found["result"], found["rows"]
    assert result["phone"] == "0.10000000000000000001"
    assert result["name"] == "Ada"
    assert rows[1]["steps"] == [{"name": "trim", "value": "Ada"}]
    assert found["faults"] == []


def test_a_preview_of_the_live_version_needs_no_document(ask: Asked, customers: Mapping) -> None:
    status, found = ask(actors.BOB, "mapping-preview", customers.pk, body='{"sample": {}}')
    assert status == 200
    assert found["result"] is None
    problems = found["problems"]
    assert problems[0]["code"] == "missing"
    assert problems[0]["path"] == "number"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"{",
        b'{"sample": 1}',
        b'{"sample": {}, "sample": {}}',
        b'{"sample": {"a": 1e999999999}}',
        b'{"sample": {"a": "\\ud800"}}',
        b'{"sample": {}, "document": [1]}',
        b'{"sample": ' + b"[" * 100_000,
        b'{"sample": {"a": "' + b"x" * 600_000 + b'"}}',
    ],
    ids=range(10),
)
def test_a_body_that_is_no_preview_is_a_400(ask: Asked, customers: Mapping, body: bytes) -> None:
    status, found = ask(actors.BOB, "mapping-preview", customers.pk, body=body)
    assert status == 400
    assert found["error"]["message"]
    assert "dictionary" not in str(found), "whoever calls need not know Python"


def test_a_preview_gives_all_that_a_sample_becomes(ask: Asked, customers: Mapping) -> None:
    each = {"id": "e", "target": "each", "source": "all", "steps": [{"do": "explode"}]}
    rules = [
        each,
        {"id": "n", "target": "number", "source": "each.no", "required": True},
        {"id": "m", "target": "name", "source": "each.name", "required": True},
    ]
    sample = {"all": [{"no": "1", "name": "A"}, {"no": "2", "name": "B"}, {"no": "3"}]}
    body = json.dumps({"sample": sample, "document": {"rules": rules}})
    status, found = ask(actors.BOB, "mapping-preview", customers.pk, body=body)
    assert (status, found["faults"], found["part"], found["result"]) == (200, [], 3, None)
    numbers = [one["result"] and one["result"]["number"] for one in found["results"]]
    assert numbers == ["1", "2", None]
    assert found["results"][2]["problems"][0]["target"] == "name"
    wrong = [*rules, {"id": "w", "target": "phone", "source": "each.fone"}]
    body = json.dumps({"sample": sample, "document": {"rules": wrong}})
    faults = ask(actors.BOB, "mapping-preview", customers.pk, body=body)[1]["faults"]
    assert [(one["rule"], one["path"]) for one in faults] == [("w", "each.fone")]


@pytest.mark.parametrize(
    "document",
    [
        {"rules": [{"id": "a"}]},
        {"rules": "x"},
        {"rules": [{"id": "a", "target": "b", "expr": "(" * 5_000}]},
        {"rules": [{"id": "a", "target": "t", "for_each": "b", "rules": [{"target": "x"}]}]},
    ],
)
def test_a_hostile_document_is_an_answer_with_faults(
    ask: Asked, customers: Mapping, document: dict[str, object]
) -> None:
    body = json.dumps({"sample": {}, "document": document})
    status, found = ask(actors.BOB, "mapping-preview", customers.pk, body=body)
    assert status == 200
    assert found["faults"]
    assert found["result"] is None


def test_a_clients_token_reads_its_own_and_the_partners(
    ask: Asked, customers: Mapping, alder: Client, birch: Client
) -> None:
    own, other = make(alder), make(birch)
    assert ask(actors.GRACE, "mapping-detail", own.pk)[0] == 200
    assert ask(actors.GRACE, "mapping-detail", customers.pk)[0] == 200
    assert ask(actors.GRACE, "mapping-detail", other.pk)[0] == 404
    assert ask(actors.GRACE, "mapping-preview", other.pk, body='{"sample": {}}')[0] == 404
    assert ask(actors.GRACE, "mapping-versions", other.pk)[0] == 404
