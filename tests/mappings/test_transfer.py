"""Export, import and comparison of versions, on the page and by program."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import Actor, command_actor
from mappings.diff import compare
from mappings.models import Mapping, MappingVersion
from mappings.services.transfer import compared, exported, import_draft
from mappings.services.versions import save_draft
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.mappings.conftest import CUSTOMERS, SAMPLE, with_rule

pytestmark = pytest.mark.usefixtures("at_home")
UPPER = with_rule(CUSTOMERS, id="name", target="name", source="name", steps=[{"do": "upper"}])
PHONE = with_rule(UPPER, id="phone", target="phone", source="name")


def live(mapping: Mapping) -> MappingVersion:
    assert mapping.live is not None
    mapping.live.mapping = mapping
    return mapping.live


def test_a_version_comes_back_as_it_went_out(customers: Mapping, bob: Actor) -> None:
    text = exported(live(customers))
    assert text.startswith("mapping: crm-customers\n")
    made = import_draft(bob, customers, text.replace("source: name", "source: number"))
    assert (made.number, made.state, made.note) == (2, "draft", "Imported")
    assert import_draft(bob, customers, exported(made)) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("direction: outbound\nrules: []", "its direction is outbound"),
        ("canonical: contact\nrules: []", "its canonical is contact"),
        ("rules: []", "1 to 500 rules"),
        ("rules: [", "not YAML"),
        ("rules:\n\t- id: x\n", "not YAML in line 2: it begins with a tab"),
        ("rules: [{id: a, target: spy, source: number}]", "spy"),
    ],
)
def test_what_is_for_another_mapping_is_refused(
    customers: Mapping, bob: Actor, text: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        import_draft(bob, customers, text)
    assert customers.versions.count() == 1


def test_versions_differ_rule_by_rule(customers: Mapping, bob: Actor) -> None:
    draft = save_draft(bob, customers, PHONE)
    found = {one.id: one for one in compared(live(customers), draft).changes}
    assert found["name"].change == "changed"
    assert found["name"].parts == ("steps",)
    assert found["name"].before == "name ← name | trim"
    assert found["name"].after == "name ← name | upper"
    assert found["phone"].change == "added"
    assert {found["number"].change, found["city"].change} == {"same"}
    back = {one.id: one.change for one in compare(PHONE, CUSTOMERS)}
    assert back["phone"] == "removed"


def page(name: str, pk: int, door: str = "config.urls_admin") -> str:
    return reverse(name, args=[pk], urlconf=door)


def test_the_pages_export_import_and_compare(
    browse: Callable[..., Browser], customers: Mapping, bob: Actor
) -> None:
    save_draft(bob, customers, PHONE)
    browser = browse(actors.BOB)
    answer = browser.get(page("mapping_export", customers.pk))
    assert answer["Content-Disposition"] == 'attachment; filename="crm-customers-v1.yaml"'
    changed = answer.content.decode().replace("id: city", "id: town")
    file = SimpleUploadedFile("x.yaml", changed.encode())
    opened = browser.post(page("mapping_import", customers.pk), {"file": file})
    assert opened.status_code == 200
    assert 'value="town"' in opened.content.decode()
    assert customers.versions.count() == 2
    file = SimpleUploadedFile("x.yaml", b"\xff\xfe")
    refused = browser.post(page("mapping_import", customers.pk), {"file": file})
    assert refused.status_code == 422
    assert "not text in UTF-8" in refused.content.decode()
    shown = browser.get(page("mapping_compare", customers.pk), {"from": "1", "to": "2"})
    assert "name ← name | upper" in shown.content.decode()
    assert browser.get(page("mapping_compare", customers.pk), {"from": "9"}).status_code == 404


@pytest.fixture
def ask(customers: Mapping) -> Callable[..., tuple[int, Any]]:
    """Ask the API as Bob's token."""
    user = User.objects.get(email=actors.BOB.email)
    scopes = ["mappings.view", "mappings.edit"]
    _, key = make_token(command_actor("tests"), user=user, name="t", scopes=scopes)
    browser = Browser(
        headers={"host": "admin.northwind.localhost", "authorization": f"Bearer {key}"}
    )

    def asked(name: str, body: object = None, **query: str) -> tuple[int, Any]:
        path = page(name, customers.pk)
        if body is None:
            answer = browser.get(path, query)
        else:
            answer = browser.post(path, json.dumps(body), content_type="application/json")
        is_json = answer["Content-Type"].startswith("application/json")
        return answer.status_code, json.loads(answer.content) if is_json else answer.content

    return asked


def test_the_api_exports_drafts_and_compares(
    ask: Callable[..., tuple[int, Any]], customers: Mapping
) -> None:
    status, text = ask("mapping-export")
    assert status == 200
    changed = text.decode().replace("id: city", "id: town")
    status, made = ask("mapping-draft", {"yaml": changed, "note": "Renamed"})
    assert (status, made["number"], made["note"]) == (201, 2, "Renamed")
    status, found = ask("mapping-compare", **{"from": "1", "to": "2"})
    assert status == 200
    assert (found["from"], found["to"], found["same"]) == (1, 2, 2)
    assert {(one["id"], one["change"]) for one in found["changes"]} == {
        ("town", "added"),
        ("city", "removed"),
    }
    assert ask("mapping-draft", {"document": {"rules": []}})[0] == 400
    assert ask("mapping-draft", {})[0] == 400
    assert ask("mapping-compare", **{"from": "x"})[0] == 404
    assert ask("mapping-preview", {"sample": SAMPLE})[0] == 200
