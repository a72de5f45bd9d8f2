"""Newer mappings that come with a newer blueprint go first, by a request of their own."""

import pytest
from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.errors import ApplyFailed
from governance.models import ChangeRequest
from governance.services import changes
from mappings.models import Mapping
from mappings.services.overlays import ensure_overlay
from mappings.services.versions import live_version, propose_document
from syncjobs.services.shipping import ship_blueprints
from syncjobs.services.upgrades import Asked, mappings_for, propose_upgrade
from tenants.accounts.models import Client
from tests.syncjobs.factories import BUILDER
from tests.syncjobs.releases import (
    FIRST,
    NAME_GATE,
    PHONE,
    RULES,
    Install,
    Product,
    gates,
    sign,
    with_gates,
)

LOUD = {**RULES[1], "steps": [{"do": "upper"}]}


def test_newer_mappings_go_first_by_a_request_of_the_partners(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    assert mappings_for(workflow.blueprint, [workflow]) == []
    product.release({**FIRST, "version": 2, **with_gates(NAME_GATE)}, [*RULES, PHONE])
    ship_blueprints(BUILDER)
    assert live_version("sandbox-erp-lab-out", alder.pk).number == 1, "it waits"  # type: ignore[union-attr]
    request = propose_upgrade(bob, workflow, Asked("r"))
    first = ChangeRequest.objects.get(pk=request.changes.get().content["after_request"])
    assert first.client_id is None
    assert any("phone" in text for _, text in first.changes.get().diff)
    with pytest.raises(ApplyFailed, match=f"Request {first.pk} has to be decided first"):
        sign(carol, request)
    assert gates(workflow) == ["tax"]
    sign(carol, first)
    changes.apply(carol, request.pk)
    assert gates(workflow) == ["name"]
    live = live_version("sandbox-erp-lab-out", alder.pk)
    assert live is not None
    assert [rule["id"] for rule in live.document["rules"]] == ["number", "name", "phone"]
    assert mappings_for(workflow.blueprint, [workflow]) == []


def test_a_clients_rules_over_a_mapping_survive_or_keep_it_back_by_name(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    shared = Mapping.objects.get(slug="sandbox-erp-lab-out")
    overlay = ensure_overlay(bob, shared, alder.pk)
    own = {"rules": [RULES[0], {**LOUD, "extension": "replace"}]}
    sign(carol, propose_document(bob, overlay, own, title="Louder", reason="r"))
    product.release({**FIRST, "version": 2}, [*RULES, PHONE])
    ship_blueprints(BUILDER)
    request = propose_upgrade(bob, workflow, Asked("r"))
    sign(carol, ChangeRequest.objects.get(pk=request.changes.get().content["after_request"]))
    sign(carol, request)
    live = live_version("sandbox-erp-lab-out", alder.pk)
    assert live is not None
    rules = {rule["id"]: rule for rule in live.document["rules"]}
    assert rules["name"]["steps"] == [{"do": "upper"}]
    assert "phone" in rules

    closed = {name: one for name, one in RULES[1].items() if name != "extension"}
    product.release({**FIRST, "version": 3}, [RULES[0], closed, PHONE])
    ship_blueprints(BUILDER)
    with pytest.raises(ValidationError, match=r"Lab: customer does not fit .* Alder Consulting"):
        propose_upgrade(bob, workflow, Asked("r"))
    assert propose_upgrade(bob, workflow, Asked("r", with_mappings=False)).pk


def test_rules_that_the_partner_changed_stay_until_it_chooses(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    shared = Mapping.objects.get(slug="sandbox-erp-lab-out")
    sign(carol, propose_document(bob, shared, {"rules": [RULES[0], LOUD]}, title="t", reason="r"))
    product.release({**FIRST, "version": 2}, [*RULES, PHONE])
    ship_blueprints(BUILDER)
    (newer,) = mappings_for(workflow.blueprint, [workflow])
    assert newer.is_edited
    assert {one.sign for one in newer.lines} == {"+", "-"}
    request = propose_upgrade(bob, workflow, Asked("r"))
    assert "after_request" not in request.changes.get().content
    sign(carol, request)
    live = live_version("sandbox-erp-lab-out", alder.pk)
    assert live is not None
    assert live.number == 2
