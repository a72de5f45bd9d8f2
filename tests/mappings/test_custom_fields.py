"""Fields of a partner's own: validated, mapped and shown as the canonical ones are."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import Actor, command_actor
from governance.models import AuditEntry
from mappings.canonical.custom import PREFIX, field_of
from mappings.canonical.registry import SCHEMAS, schema
from mappings.canonical.validation import faults
from mappings.engine import Inputs, compile_mapping
from mappings.models import CustomField, Mapping
from mappings.money import money_parts
from mappings.services.checking import problems_of, targets_of
from mappings.services.custom_fields import (
    add_field,
    change_field,
    custom_fields,
    retire_field,
    used_by,
)
from mappings.services.ownership import owners_of
from mappings.services.preview import preview_for
from mappings.services.versions import ensure_mapping
from tests import actors
from tests.mappings.conftest import CUSTOMERS, SAMPLE, make, with_rule

pytestmark = pytest.mark.usefixtures("at_home")
FILLED = with_rule(CUSTOMERS, id="centre", target="custom_cost_centre", source="terms")


def added(actor: Actor, **more: object) -> CustomField:
    values = {"object_type": "customer", "name": "cost_centre", "type": "text"}
    return add_field(actor, **{**values, "label": "Cost centre", **more})  # type: ignore[arg-type]  # as named


def test_no_canonical_field_is_in_the_partners_namespace() -> None:
    names = [field.name for one in SCHEMAS.values() for field in one.fields]
    assert not [name for name in names if name.startswith(PREFIX)]


def test_a_custom_field_is_validated_like_the_others() -> None:
    hours = field_of("budget", "decimal", "Budget", required=True)
    kind = field_of("kind", "enum", "Kind", choices=("a", "b"))
    custom = {"customer": (hours, kind)}
    record = {"number": "1", "name": "Ada", "custom_budget": "7.5", "custom_kind": "a"}
    assert faults("customer", record, custom) == []
    assert {one.path for one in faults("customer", record)} == {""}
    wrong = faults("customer", {**record, "custom_budget": "much", "custom_kind": "c"}, custom)
    assert {one.path for one in wrong} == {"custom_budget", "custom_kind"}
    del record["custom_budget"]
    assert [one.path for one in faults("customer", record, custom)] == ["custom_budget"]
    assert faults("contact", {"email": "a@b", "name": "Ada"}, custom) == []


def test_a_rule_fills_and_reads_it_with_its_type() -> None:
    custom = {"customer": (field_of("budget", "decimal", "Budget"),)}
    document = {"rules": [{"id": "b", "target": "custom_budget", "source": "b"}]}
    document["rules"] += [{"id": n, "target": n, "source": n} for n in ("number", "name")]
    mapping = compile_mapping(document, object_type="customer", custom=custom)
    record = {"number": "1", "name": "Ada", "b": "7.50"}
    mapped = mapping.run(record, inputs=Inputs())
    assert mapped.data == {"number": "1", "name": "Ada", "custom_budget": "7.50"}
    outward = {"rules": [{"id": "b", "target": "x", "source": "custom_budget"}]}
    compile_mapping(outward, source_type="customer", custom=custom)
    for without in ({}, {"contact": custom["customer"]}):
        with pytest.raises(ValueError, match="custom_budget"):
            compile_mapping(document, object_type="customer", custom=without)
        with pytest.raises(ValueError, match="custom_budget"):
            compile_mapping(outward, source_type="customer", custom=without)


def test_a_change_of_a_custom_amount_touches_money() -> None:
    custom = {"customer": (field_of("cap", "money", "Cap"),)}
    document = {"rules": [{"id": "c", "target": "custom_cap", "source": "x"}]}
    assert money_parts({}, document, "customer", custom) == ["custom_cap"]
    assert money_parts({}, document, "customer") == []


def test_the_way_of_a_field(bob: Actor, customers: Mapping) -> None:
    assert problems_of(customers, FILLED)
    field = added(bob)
    assert AuditEntry.objects.filter(action="custom_field.added").count() == 1
    assert "custom_cost_centre" in targets_of(customers)
    assert problems_of(customers, FILLED, SAMPLE) == []
    shown = preview_for(customers, FILLED, SAMPLE)
    assert shown.data is not None
    assert shown.data["custom_cost_centre"] == "N30"
    with pytest.raises(ValidationError, match="Customers from the CRM"):
        change_field(bob, field, label="Cost centre", required=True)
    Mapping.objects.filter(pk=customers.pk).update(live=None)
    assert change_field(bob, field, label="Centre", required=True).required
    assert [one.label for one in custom_fields()["customer"]] == ["Centre"]
    assert owners_of("customer", None).fill_only(["erp"]) >= {"custom_cost_centre"}
    assert retire_field(bob, field).retired
    assert custom_fields() == {}
    assert schema("customer", custom_fields(retired=True)).field("custom_cost_centre") is not None
    with pytest.raises(ValidationError, match="There is, or was"):
        added(bob)


def test_a_field_in_use_is_not_retired(bob: Actor, northwind: object) -> None:
    field = added(bob)
    mapping = make(document=FILLED)
    assert used_by(field) == [mapping]
    with pytest.raises(ValidationError, match="Take it out there first"):
        retire_field(bob, field)
    reader = ensure_mapping(
        command_actor("tests"),
        slug="out",
        name="Out",
        direction="outbound",
        canonical="customer",
        connector="erp",
        object="customers",
        document={"rules": [{"id": "c", "target": "c", "source": "custom_cost_centre"}]},
    )
    assert used_by(field) == [mapping, reader]


@pytest.mark.parametrize(
    "wrong",
    [
        {"object_type": "spy"},
        {"object_type": "a\x00b"},
        {"name": "Cost Centre"},
        {"name": ""},
        {"name": "a" * 41},
        {"type": "reference"},
        {"type": "enum"},
        {"type": "text", "choices": ["a"]},
        {"type": "enum", "choices": ["a" * 81]},
        {"label": " "},
        {"label": "a\x00b"},
        {"required": True},
    ],
    ids=str,
)
def test_what_can_not_be_a_field_is_refused(bob: Actor, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        added(bob, **wrong)
    assert not CustomField.objects.exists()


def test_choices_are_only_added(bob: Actor) -> None:
    field = added(bob, type="enum", choices=["a", " b ", "a"])
    assert field.choices == ["a", "b"]
    with pytest.raises(ValidationError, match="only added"):
        change_field(bob, field, label="Kind", choices=["b"])
    assert change_field(bob, field, label="Kind", choices=["b", "a", "c"]).choices[2] == "c"


def test_who_only_reads_adds_none(carol: Actor) -> None:
    with pytest.raises(PermissionDenied):
        added(carol)


def test_the_page_adds_changes_and_retires(
    browse: Callable[..., Browser], customers: Mapping
) -> None:
    browser = browse(actors.BOB)

    def page(name: str, *args: object) -> str:
        return reverse(name, args=args, urlconf="config.urls_admin")

    sent = {"object": "customer", "name": "tier", "type": "enum", "label": "Tier"}
    refused = browser.post(page("custom_field_add"), sent)
    assert refused.status_code == 422
    assert "needs 1 to 100 values" in refused.content.decode()
    assert browser.post(page("custom_field_add"), {**sent, "choices": "gold\nsilver"}).status_code
    field = CustomField.objects.get()
    shown = browser.get(page("custom_field_list")).content.decode()
    assert "custom_tier" in shown
    assert "gold\nsilver" in browser.get(page("custom_field_detail", field.pk)).content.decode()
    change = {"label": "Rank", "choices": "gold\nsilver\ntin", "required": "1"}
    assert browser.post(page("custom_field_change", field.pk), change).status_code == 422
    del change["required"]
    assert browser.post(page("custom_field_change", field.pk), change).status_code == 302
    field.refresh_from_db()
    assert (field.label, field.choices) == ("Rank", ["gold", "silver", "tin"])
    assert browser.post(page("custom_field_retire", field.pk)).status_code == 302
    field.refresh_from_db()
    assert field.retired
