"""Who may change a field."""

import pytest

from mappings.models import OwnershipRule
from mappings.ownership import Owners, Side, decide
from mappings.services.ownership import owners_of
from tenants.accounts.models import Client

CUSTOMER = Owners("customer")


@pytest.mark.parametrize(
    ("field", "incoming", "current", "rules", "expected"),
    [
        ("name", Side("B", "crm"), Side("A", "crm"), {}, "take"),
        ("name", Side("B", "erp"), Side("A", "crm"), {}, "keep"),
        ("name", Side("B", "erp"), Side(None), {}, "take"),
        ("name", Side("B", "erp"), Side(""), {}, "take"),
        ("name", Side("A", "erp"), Side("A", "crm"), {}, "keep"),
        ("tax_code", Side("S1", "erp"), Side("S0", "crm"), {}, "take"),
        ("tax_code", Side("S1", "crm"), Side("S0", "erp"), {}, "keep"),
        ("tax_code", Side("S1", "crm"), Side("S0", "erp"), {"tax_code": "crm"}, "take"),
        ("name", Side("B", "erp"), Side("A", "crm"), {"": "erp"}, "take"),
        ("name", Side("B", "psa"), Side("A", "crm"), {"name": "any"}, "take"),
        ("name", Side("B", "psa"), Side("A", "crm"), {"name": "nobody"}, "conflict"),
        ("name", Side("B", "crm"), Side("A", "crm"), {"name": "nobody"}, "take"),
    ],
)
def test_the_owner_decides(
    field: str, incoming: Side, current: Side, rules: dict[str, str], expected: str
) -> None:
    assert decide(field, incoming, current, Owners("customer", rules)) == expected


def test_other_systems_only_fill_what_is_empty() -> None:
    assert "name" in CUSTOMER.fill_only({"erp"})
    assert "tax_code" not in CUSTOMER.fill_only({"erp"})
    assert CUSTOMER.fill_only({"crm"}) == {"tax_code", "tax_number", "payment_terms"}
    assert CUSTOMER.fill_only({"crm", "erp"}) == frozenset()


def test_a_clients_rule_stands_before_the_partners(alder: Client, birch: Client) -> None:
    OwnershipRule.objects.create(object="customer", field="name", owner="erp")
    OwnershipRule.objects.create(object="customer", field="name", owner="psa", client=alder)
    OwnershipRule.objects.create(object="project", field="", owner="erp")
    assert owners_of("customer", alder.pk).of("name") == "psa"
    assert owners_of("customer", birch.pk).of("name") == "erp"
    assert owners_of("customer", None).of("name") == "erp"
    assert owners_of("customer", birch.pk).of("city") == "crm"
    assert owners_of("project", birch.pk).of("name") == "erp"
