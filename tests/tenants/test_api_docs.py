"""The API's description as a page: every call, with what it takes and gives."""

import re
from collections.abc import Callable
from html import unescape

import pytest
import yaml
from django.conf import settings
from django.test import Client as Browser
from drf_spectacular.generators import SchemaGenerator

from branding.services.brand import BrandValues
from branding.services.brand_changes import set_up_brand
from branding.services.identity import forget_identity
from config.api_docs import Value, groups_of
from governance.actors import command_actor
from tenants.models import Partner
from tests.actors import DAVE, GRACE

BIG = {"$ref": "#/components/schemas/Big"}
DESCRIBED = {
    "paths": {
        "/api/v1/big-things/": {
            "post": {
                "tags": ["big-things"],
                "description": "Make\n    one.",
                "parameters": [
                    {"in": "query", "name": "dry", "schema": {"type": "boolean"}, "required": True}
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": BIG}},
                },
                "responses": {"201": {"content": {"application/json": {"schema": {
                    "type": "array", "items": BIG,
                }}}}, "204": {"description": ""}},
            }
        }
    },
    "components": {
        "schemas": {
            "Big": {
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": {"allOf": [{"$ref": "#/components/schemas/Kind"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                },
            },
            "Kind": {"type": "string", "enum": ["a", "b"], "description": "Which.\n\n* `a` - A"},
            "Part": {"type": "object", "properties": {
                "weight": {"type": "string", "format": "decimal"},
                "whole": BIG,
            }},
        }
    },
}  # fmt: skip


def test_a_call_is_told_with_what_it_takes_and_gives() -> None:
    (group,) = groups_of(DESCRIBED)
    assert (group.name, group.title) == ("big-things", "Big things")
    (call,) = group.calls
    assert (call.method, call.path, call.text) == ("POST", "/api/v1/big-things/", "Make one.")
    assert call.parameters == [Value("dry", "boolean", True)]
    assert call.body[:4] == [
        Value("kind", "string", True, "Which. One of: a, b."),
        Value("parts", "list of object", False),
        Value("parts[].weight", "string (decimal)", False),
        Value("parts[].whole", "object", False),
    ]
    assert len(call.body) == 6, "what holds itself ends at some depth"
    assert call.answers == [("201", call.body), ("204", [])]


def test_staff_and_clients_people_read_all_calls_under_the_partners_name(
    browse: Callable[..., Browser],
) -> None:
    generator = SchemaGenerator(urlconf="config.urls_admin")  # type: ignore[no-untyped-call]
    made = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    calls = sum(len(methods) for methods in made["paths"].values())
    for person in (DAVE, GRACE):
        page = browse(person).get("/api-reference/").content.decode()
        assert "Northwind Ops" in page
        assert page.count("ui-call") == calls > 50
        assert all(f">{path}<" in page for path in made["paths"])
    answer = browse(None, host="northwind.localhost").get("/api-reference/")
    assert answer.status_code == 302


def test_what_is_said_of_a_field_is_in_the_partners_words(
    browse: Callable[..., Browser], northwind: Partner
) -> None:
    generator = SchemaGenerator(urlconf="config.urls_admin")  # type: ignore[no-untyped-call]
    made = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    calls = [call for group in groups_of(made) for call in group.calls]
    notes = {value.note for call in calls for value in (*call.parameters, *call.body)}
    ours = {note for note in notes if re.search(r"\bclients?\b", note.partition("One of: ")[0])}
    assert ours, "something is said of a client"
    own = BrandValues(
        name="Northwind Ops", primary="#0f766e", noun_client="firm", noun_clients="firms"
    )
    set_up_brand(command_actor("tests"), own)
    forget_identity()
    page = unescape(browse(DAVE).get("/api-reference/").content.decode())
    assert not [note for note in ours if note in page]
    assert re.search(r"\bfirms?\b", page)


@pytest.mark.parametrize("host", ["admin.northwind.localhost", "northwind.localhost"])
def test_programs_get_the_description_that_is_in_the_docs(host: str, northwind: Partner) -> None:
    browser = Browser(headers={"host": host})
    written = [browser.get("/api/v1/schema/") for _ in range(2)]
    documented = (settings.BASE_DIR / "docs" / "openapi.yaml").read_bytes()
    assert [one.content for one in written] == [documented, documented]
    as_json = browser.get("/api/v1/schema/", headers={"accept": "application/json"})
    assert as_json.headers["Content-Type"] == "application/json"
    assert as_json.json() == yaml.safe_load(documented)
    assert browser.get("/api/v1/schema/", headers={"accept": "text/html"}).status_code == 406
