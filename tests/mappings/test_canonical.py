"""The canonical model: complete, coherent, and a validator that says what a field must be."""

from dataclasses import replace
from pathlib import Path

import pytest

from mappings.canonical import (
    SCHEMAS,
    UnknownObject,
    document,
    key_of,
    label_of,
    references_in,
    schema,
    upgrades,
)
from mappings.canonical.fields import Field
from mappings.canonical.validation import faults, json_schema

ENTRY: dict[str, object] = {
    "number": "T-1",
    "project": "P-1",
    "date": "2026-10-02",
    "hours": "7.50",
    "status": "approved",
}


def all_fields() -> list[tuple[str, Field]]:
    return [
        (name, field)
        for name, one in SCHEMAS.items()
        for field in (*one.fields, *(item for field in one.fields for item in field.items))
    ]


def test_every_object_of_the_field_is_there() -> None:
    assert set(SCHEMAS) == {
        "customer", "contact", "opportunity", "quote", "contract", "obligation", "project", "task",
        "resource", "assignment", "rate_card", "time_entry", "expense", "milestone",
        "billing_schedule", "service_item", "financial_dimension", "purchase_order", "invoice",
        "payment", "revenue_event", "support_case",
    }  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_object_has_a_key_a_version_an_owner_and_fields_of_one_name_each(name: str) -> None:
    one = schema(name)
    names = [field.name for field in one.fields]
    assert len(names) == len(set(names))
    assert one.version >= 1
    assert one.owner_kind
    assert one.help
    for key in one.natural_key:
        field = one.field(key)
        assert field is not None
        assert field.required


@pytest.mark.parametrize(("name", "field"), all_fields())
def test_a_field_says_what_it_is(name: str, field: Field) -> None:
    assert field.label
    assert (field.type == "reference") == bool(field.reference_to)
    assert not field.reference_to or field.reference_to in SCHEMAS
    assert (field.type == "enum") == bool(field.choices)
    assert (field.type in ("list", "object")) == bool(field.items)
    if field.type == "money":
        assert field.unit == "currency"
        assert schema(name).field("currency") is not None


def test_a_generated_schema_takes_nothing_else() -> None:
    made = json_schema("time_entry")
    assert made["additionalProperties"] is False
    assert set(made["required"]) == {"number", "project", "date", "hours", "status"}


def test_a_good_record_has_no_fault() -> None:
    assert faults("time_entry", ENTRY) == []
    assert faults("time_entry", {**ENTRY, "rate": None}) == []


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"hours": "1,5"}, "hours", "decimal"),
        ({"hours": "1e5"}, "hours", "decimal"),
        ({"hours": "0." + "3" * 11}, "hours", "10 after"),
        ({"hours": "9" * 16}, "hours", "15 digits"),
        ({"hours": 7}, "hours", "decimal"),
        ({"date": "2026-02-30"}, "date", "day such as"),
        ({"date": "2026-10-2"}, "date", "day such as"),
        ({"approved_at": "2026-10-02T10:00:00"}, "approved_at", "offset"),
        ({"billable": "yes"}, "billable", "true or false"),
        ({"status": "signed"}, "status", "one of draft, submitted"),
        ({"number": ""}, "number", "filled"),
        ({"number": None}, "number", "filled"),
        ({"task": "x" * 5_000}, "task", "4000 characters"),
        ({"colour": "red"}, "", "does not know"),
    ],
)
def test_a_fault_names_the_field_and_what_it_must_be(
    change: dict[str, object], path: str, words: str
) -> None:
    found = faults("time_entry", {**ENTRY, **change})
    assert [fault.path for fault in found] == [path]
    assert words in found[0].message


def test_a_missing_field_is_named() -> None:
    found = faults("time_entry", {key: ENTRY[key] for key in ENTRY if key != "date"})
    assert [(fault.path, fault.message) for fault in found] == [
        ("date", "is required, and no rule fills it")
    ]


def test_a_fault_in_a_list_says_where() -> None:
    contract: dict[str, object] = {
        "number": "CT-1",
        "customer": "C-1",
        "amendments": [{"number": "A1"}, {"number": "A2", "signed_on": "soon"}],
    }
    assert [fault.path for fault in faults("contract", contract)] == ["amendments.1.signed_on"]


def test_keys_labels_and_references_come_from_the_data() -> None:
    assert key_of("time_entry", ENTRY) == "T-1"
    assert key_of("time_entry", {}) == ""
    assert label_of("customer", {"number": "C-1", "name": "Ada Ltd"}) == "Ada Ltd"
    assert label_of("customer", {"number": "C-1"}) == "C-1"
    assert references_in("time_entry", {**ENTRY, "resource": "E-1"}) == [
        ("project", "P-1"),
        ("resource", "E-1"),
    ]


def test_an_object_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownObject, match="customer"):
        schema("spy")


# --- versions and the document --------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_version_after_the_first_has_its_upgrade(name: str) -> None:
    assert len(SCHEMAS[name].upgrades) == SCHEMAS[name].version - 1


def test_a_record_of_an_older_version_reads_as_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    def split_name(data: dict[str, object]) -> dict[str, object]:
        return {**data, "legal_name": data.get("name")}

    def renamed(data: dict[str, object]) -> dict[str, object]:
        return {name.replace("mail", "email"): value for name, value in data.items()}

    newer = replace(SCHEMAS["customer"], version=3, upgrades=(split_name, renamed))
    monkeypatch.setattr(upgrades, "SCHEMAS", {"customer": newer})
    old: dict[str, object] = {"number": "1", "name": "Ada", "mail": "a@b"}
    expected = {"number": "1", "name": "Ada", "legal_name": "Ada", "email": "a@b"}
    assert upgrades.upgraded("customer", old, 1) == expected
    assert upgrades.upgraded("customer", old, 2) == {"number": "1", "name": "Ada", "email": "a@b"}
    assert upgrades.upgraded("customer", old, 3) is old
    assert upgrades.upgraded("forgotten", old, 1) is old
    assert upgrades.newest("customer") == 3
    assert faults("customer", expected) == []


def test_the_document_of_the_model_is_fresh() -> None:
    kept = Path(__file__).parents[2] / "docs" / "canonical-model.md"
    assert kept.read_text() == document.text(), "Run: make canonical-model"
    for name, one in SCHEMAS.items():
        assert f"`{name}`, version {one.version}" in document.text()
        assert all(f"| `{field.name}` |" in document.text() for field in one.fields)
