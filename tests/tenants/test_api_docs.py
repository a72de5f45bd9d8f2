"""The API's description as a page: every call, with what it takes and gives."""

from collections.abc import Callable

from django.test import Client as Browser
from drf_spectacular.generators import SchemaGenerator

from config.api_docs import Value, groups_of
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
