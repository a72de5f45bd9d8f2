"""Who owns a field: shown for every field, changed only when somebody else has signed."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import Actor
from governance.errors import Refusal
from governance.models import AuditEntry, ChangeRequest
from governance.services import changes
from mappings.models import Mapping, OwnershipRule
from mappings.services.ownership import owners_of, propose_owners, rules_for
from tenants.accounts.models import Client
from tests import actors

pytestmark = pytest.mark.usefixtures("at_home")


def asked(
    actor: Actor, rules: dict[str, object], client: Client | None = None, kind: str = "customer"
) -> ChangeRequest:
    client_id = client.pk if client else None
    return propose_owners(actor, kind, client_id, rules, title="T", reason="R")


def signed(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def test_owners_change_when_somebody_else_has_signed(
    customers: Mapping, bob: Actor, carol: Actor
) -> None:
    OwnershipRule.objects.create(object="customer", field="city", owner="psa")
    request = asked(bob, {"email": "erp", "": "psa", "phone": ""})
    assert rules_for("customer", None) == {"city": "psa"}
    assert request.changes.get().diff == [
        ["+", "The object as a whole: PSA"],
        ["-", "City: PSA"],
        ["+", "Billing e-mail: ERP"],
    ]
    signed(carol, request)
    assert rules_for("customer", None) == {"": "psa", "email": "erp"}
    owners = owners_of("customer", None)
    assert (owners.of("email"), owners.of("name")) == ("erp", "psa")
    entry = AuditEntry.objects.get(action="owners.changed")
    assert entry.before == {"rules": {"city": "psa"}}


def test_a_client_has_rules_before_the_partners(
    customers: Mapping, bob: Actor, alice: Actor, carol: Actor
) -> None:
    alder = Client.objects.get(name="Alder Consulting")
    signed(carol, asked(bob, {"email": "erp", "phone": "psa"}))
    for_alder = asked(bob, {"email": "any"}, alder)
    assert for_alder.changes.get().target_label == "Owners of customer, Alder Consulting"
    signed(carol, for_alder)
    assert owners_of("customer", alder.pk).of("email") == "any"
    assert owners_of("customer", alder.pk).of("phone") == "psa"
    assert owners_of("customer", None).of("email") == "erp"


def test_what_changed_meanwhile_is_not_written_over(
    customers: Mapping, bob: Actor, carol: Actor
) -> None:
    request = asked(bob, {"email": "erp"})
    OwnershipRule.objects.create(object="customer", field="city", owner="psa")
    with pytest.raises(Refusal):
        signed(carol, request)
    assert rules_for("customer", None) == {"city": "psa"}


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("spy", {"email": "erp"}),
        ("customer", {"spy": "erp"}),
        ("customer", {"email": "me"}),
        ("customer", {}),
        ("customer", {"email": ""}),
    ],
)
def test_what_is_no_rule_is_refused(
    customers: Mapping, bob: Actor, kind: str, rules: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        asked(bob, rules, kind=kind)


def test_a_rule_on_a_field_that_was_retired_goes_without_harm(
    customers: Mapping, bob: Actor
) -> None:
    OwnershipRule.objects.create(object="customer", field="custom_tier", owner="psa")
    assert asked(bob, {"email": "erp"}).changes.get().diff == [
        ["-", "custom_tier: PSA"],
        ["+", "Billing e-mail: ERP"],
    ]


def test_who_may_not_edit_proposes_none(customers: Mapping, carol: Actor) -> None:
    with pytest.raises(PermissionDenied):
        asked(carol, {"email": "erp"})


def test_an_amounts_owner_touches_money(customers: Mapping, bob: Actor) -> None:
    risk = asked(bob, {"rate": "erp"}, kind="time_entry")
    assert risk.touches_money
    assert not asked(bob, {"email": "erp"}).touches_money


def test_the_matrix_shows_and_proposes(browse: Callable[..., Browser], customers: Mapping) -> None:
    browser, admin = browse(actors.BOB), "config.urls_admin"
    path = reverse("owner_matrix", urlconf=admin)
    shown = browser.get(path, {"object": "customer"}).content.decode()
    assert "No own rule: ERP" in shown
    assert "No own rule: CRM" in shown
    assert browser.get(path, {"object": "spy"}).status_code == 404
    assert browser.get(path, {"object": "customer", "client": "999999"}).status_code == 404
    sent = {"object": "customer", "client": "", "owner-email": "erp", "reason": "They own it."}
    answer = browser.post(reverse("owner_propose", urlconf=admin), {**sent, "owner-name": "spy"})
    assert answer.status_code == 422
    answer = browser.post(reverse("owner_propose", urlconf=admin), sent)
    assert answer.status_code == 302
    request = ChangeRequest.objects.get()
    assert request.changes.get().content == {"rules": {"email": "erp"}}
