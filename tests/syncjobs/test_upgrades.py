"""Workflows take a newer version of their blueprint: asked for, signed, and nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.errors import ApplyFailed, NotPermitted, Refusal
from governance.models import ChangeRequest
from governance.services.rollbacks import roll_back
from mappings.models import Mapping
from syncjobs.models import Blueprint, Delivery, Hold, Stream, Workflow
from syncjobs.services import upgrades
from syncjobs.services.shipping import keep_own, ship_blueprints
from syncjobs.services.upgrades import Asked, behind, propose_upgrade, propose_upgrades, upgrade_of
from syncjobs.services.workflows import install_workflow, pause_workflow, resume_workflow
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, Lab, make_connection
from tests.syncjobs.releases import (
    FIRST,
    NAME_GATE,
    RULES,
    SLUG,
    TAX_GATE,
    Install,
    Product,
    fresh,
    gates,
    sign,
    with_gates,
)

Of = Callable[[Person], Actor]
LOUD = {**RULES[1], "steps": [{"do": "upper"}]}


def ship(product: Product, **changes_: Any) -> None:
    """Release a newer version and bring it to the partner."""
    product.next(**changes_)
    assert ship_blueprints(BUILDER) == 1


def test_an_upgrade_says_what_it_changes_and_waits_for_its_signature(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    assert upgrade_of(fresh(workflow)) is None
    ship(product, **with_gates(TAX_GATE, NAME_GATE))
    found = upgrade_of(fresh(workflow))
    assert found is not None
    assert (found.used, found.offered, found.problem) == (1, 2, "")
    gate = "gate Name known, held until, or until others sign: legal name is there"
    assert [(one.sign, one.text) for one in found.lines] == [("+", f"step Customer: {gate}")]
    request = propose_upgrade(bob, workflow, Asked("A gate that others sign."))
    assert gates(workflow) == ["tax"], "nothing moves before it is signed"
    told = request.changes.get().diff
    assert ["-", "blueprint Lab flow, version 1"] in told
    assert ["+", "blueprint Lab flow, version 2"] in told
    assert ["+", found.lines[0].text] in told
    with pytest.raises(ValidationError, match=f"Change request {request.pk}"):
        propose_upgrade(bob, workflow, Asked("Once more."))
    assert sign(carol, request).status == "applied"
    assert gates(workflow) == ["tax", "name"]
    assert upgrade_of(fresh(workflow)) is None


def test_keeping_an_edited_copy_leaves_what_was_proposed_of_it(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    ship(product, **with_gates(TAX_GATE, NAME_GATE))
    rows = Blueprint.objects.filter(slug=SLUG)
    rows.update(definition={**rows.get().definition, "priority": 5})
    request = propose_upgrade(bob, workflow, Asked("With a priority of our own."))
    product.next(**with_gates(NAME_GATE))
    assert ship_blueprints(BUILDER) == 0
    keep_own(bob, rows.get(), reason="We need our priority.")
    assert sign(carol, request).status == "applied"
    assert gates(workflow) == ["tax", "name"]


def test_two_versions_behind_goes_to_the_newest_and_comes_back_whole(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder, tries=7)
    ship(product, **with_gates(NAME_GATE))
    ship(product, **with_gates(TAX_GATE, NAME_GATE))
    before = fresh(workflow).version
    assert before is not None
    request = sign(carol, propose_upgrade(bob, workflow, Asked("Two at once.")))
    now = fresh(workflow)
    assert now.version is not None
    assert (gates(workflow), now.version.definition["blueprint_version"]) == (["tax", "name"], 3)
    assert (now.overrides, now.version.definition["steps"][0]["tries"]) == ({"tries": 7}, 7)

    ship(product, **with_gates(NAME_GATE))  # the blueprint moves on: what was signed comes back
    back = roll_back(bob, request.pk, reason="Their customers have no legal names.")
    told = back.changes.get().diff
    assert ["-", "blueprint Lab flow, version 3"] in told
    assert ["+", "blueprint Lab flow, version 1"] in told
    assert sign(carol, back).status == "applied"
    again = fresh(workflow)
    assert again.version is not None
    assert again.version.number == 3
    assert again.version.definition == before.definition
    assert again.overrides == {"tries": 7}
    waits = upgrade_of(again)
    assert waits is not None
    assert waits.offered == 4


def test_an_own_value_survives_and_says_which_gate_it_does_without(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder, checks=[TAX_GATE])
    ship(product, **with_gates(TAX_GATE, NAME_GATE))
    found = upgrade_of(fresh(workflow))
    assert found is not None
    assert found.kept == ["Checks: stays as it is, without the blueprint's Name known"]
    sign(carol, propose_upgrade(bob, workflow, Asked("r")))
    assert gates(workflow) == ["tax"]
    assert fresh(workflow).overrides == {"checks": [TAX_GATE]}


def test_a_value_without_its_point_is_named_and_ends_only_when_somebody_says_so(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder, tries=7, checks=[])
    points = {"checks": FIRST["extension_points"]["checks"]}
    step = {**FIRST["steps"][0], "tries": 3}
    ship(product, extension_points=points, steps=[step])
    found = upgrade_of(fresh(workflow))
    assert found is not None
    assert found.gone == {"tries": "7"}
    with pytest.raises(ValidationError, match="no place for the client's own values: tries"):
        propose_upgrade(bob, workflow, Asked("r"))
    with pytest.raises(ValidationError, match="no place"):
        propose_upgrade(bob, workflow, Asked("r", let_go=["checks"]))
    request = propose_upgrade(bob, workflow, Asked("r", let_go=["tries"]))
    change = request.changes.get()
    assert ["-", "tries: 7"] in change.diff
    assert change.content["let_go"] == {"tries": 7}
    sign(carol, request)
    assert fresh(workflow).overrides == {"checks": []}
    sign(carol, roll_back(bob, request.pk, reason="They want it back."))
    assert fresh(workflow).overrides == {"tries": 7, "checks": []}


def test_a_new_role_needs_a_system_of_the_same_client(
    alder: Client, birch: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    more = {**FIRST["steps"][0], "name": "note", "label": "Note", "role": "crm"}
    more = {**more, "mapping": "account-out", "gates": []}
    ship(product, steps=[FIRST["steps"][0], more])
    found = upgrade_of(fresh(workflow))
    assert found is not None
    assert found.lacking == ["crm"]
    with pytest.raises(ValidationError, match="Choose a connection for: crm"):
        propose_upgrade(bob, workflow, Asked("r"))
    foreign = make_connection(birch, "CRM", "sandbox_crm")
    with pytest.raises(ValidationError, match="belongs to another client"):
        propose_upgrade(bob, workflow, Asked("r", systems={"crm": foreign}))
    own = make_connection(alder, "CRM", "sandbox_crm")
    assert not Mapping.objects.filter(slug="sandbox-crm-account-out").exists()
    sign(carol, propose_upgrade(bob, workflow, Asked("r", systems={"crm": own})))
    assert fresh(workflow).bindings["crm"] == own.pk
    assert Mapping.objects.get(slug="sandbox-crm-account-out").live is not None


def test_what_is_newly_read_is_told_and_read_once_it_is_signed(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    ship(product, reads=[{"role": "erp", "mapping": "customer-in", "position": 10}])
    found = upgrade_of(fresh(workflow))
    assert found is not None
    assert [(one.sign, one.text) for one in found.lines] == [("+", "reads customers of ERP")]
    request = propose_upgrade(bob, workflow, Asked("r"))
    assert ["+", "reads customers of ERP"] in request.changes.get().diff
    assert not Stream.objects.exists()
    sign(carol, request)
    assert Stream.objects.get().object == "customers"


def test_all_workflows_of_a_blueprint_are_asked_for_each_by_a_request_of_its_own(
    alder: Client, birch: Client, product: Product, install: Install, bob: Actor, actor: Of
) -> None:
    one, other = install(alder), install(birch)
    asking = install_workflow(
        BUILDER,
        client=birch,
        blueprint=SLUG,
        name="Second",
        bindings={"erp": make_connection(birch, "ERP 2")},
        overrides={"tries": 9},
    )
    step = {**FIRST["steps"][0], "tries": 3}
    points = {"checks": FIRST["extension_points"]["checks"]}
    ship(product, extension_points=points, steps=[step])
    blueprint = Blueprint.objects.get(slug=SLUG)
    with pytest.raises(NotPermitted):
        propose_upgrades(actor(actors.DAVE), blueprint, Asked("r"))
    made = propose_upgrades(bob, blueprint, Asked("New release."))
    assert [request.client_id for request in made.requests] == [alder.pk, birch.pk]
    assert [(left.pk, "tries" in why) for left, why in made.left] == [(asking.pk, True)]
    assert {row.pk: row.asked is not None for row in behind(Workflow.objects.all())} == {  # type: ignore[attr-defined]
        one.pk: True,
        other.pk: True,
        asking.pk: False,
    }
    again = propose_upgrades(bob, blueprint, Asked("Once more."))
    assert again.requests == []
    assert (again.waiting, [left.pk for left, _ in again.left]) == (2, [asking.pk])


def test_many_are_asked_for_in_several_calls_and_none_twice(
    alder: Client,
    birch: Client,
    product: Product,
    install: Install,
    bob: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    erp = make_connection(birch, "ERP")
    for number in range(4):
        install_workflow(
            BUILDER,
            client=birch,
            blueprint=SLUG,
            name=f"Flow {number}",
            bindings={"erp": erp},
            overrides={},
        )
    asking = install(alder, tries=9)
    step = {**FIRST["steps"][0], "tries": 3}
    points = {"checks": FIRST["extension_points"]["checks"]}
    ship(product, extension_points=points, steps=[step])
    monkeypatch.setattr(upgrades, "AT_ONCE", 3)
    blueprint = Blueprint.objects.get(slug=SLUG)
    first = propose_upgrades(bob, blueprint, Asked("New release."))
    assert (len(first.requests), first.waiting, first.to_go) == (3, 0, 1)
    second = propose_upgrades(bob, blueprint, Asked("New release."))
    assert (len(second.requests), second.waiting, second.to_go) == (1, 3, 0)
    for one in (first, second):
        assert [left.pk for left, _ in one.left] == [asking.pk], "it comes first and keeps none up"
    third = propose_upgrades(bob, blueprint, Asked("New release."))
    assert (third.requests, third.waiting, third.to_go) == ([], 4, 0)
    asked = ChangeRequest.objects.filter(changes__kind="workflow")
    assert asked.values("changes__target_id").distinct().count() == asked.count() == 4


def test_a_request_for_an_older_version_is_withdrawn_when_a_newer_one_ships(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    ship(product, **with_gates(NAME_GATE))
    request = propose_upgrade(bob, workflow, Asked("r"))
    ship(product, **with_gates(TAX_GATE, NAME_GATE))
    request.refresh_from_db()
    assert request.status == "withdrawn"
    assert request.closed_comment == (
        "The blueprint has changed since this was proposed: it is in version 3 now. "
        "Propose that instead."
    )
    with pytest.raises(Refusal, match="withdrawn"):
        sign(carol, request)
    assert gates(workflow) == ["tax"]
    newer = propose_upgrade(bob, workflow, Asked("Then that one."))
    assert sign(carol, newer).status == "applied"
    assert gates(workflow) == ["tax", "name"]
    undone = roll_back(bob, newer.pk, reason="Not yet.")
    ship(product, **with_gates(NAME_GATE))
    undone.refresh_from_db()
    assert undone.is_open, "what comes back as an earlier version goes by that one's content"


def test_a_request_against_another_content_says_what_to_do(
    alder: Client, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    workflow = install(alder)
    ship(product, **with_gates(NAME_GATE))
    request = propose_upgrade(bob, workflow, Asked("r"))
    row = Blueprint.objects.get(slug=SLUG)
    row.definition = {**row.definition, **with_gates(TAX_GATE)}
    row.save()
    with pytest.raises(ApplyFailed, match="Withdraw this request and propose that instead"):
        sign(carol, request)
    assert gates(workflow) == ["tax"]


def test_what_is_on_its_way_goes_by_the_version_that_planned_it_and_once(
    lab: Lab, product: Product, install: Install, bob: Actor, carol: Actor
) -> None:
    Workflow.objects.filter(pk=lab.workflow.pk).update(state="archived")
    workflow = install(lab.client, lab.target_connection)
    lab.put_customer("held")
    lab.put_customer("sent", tax="NORM")
    lab.drain()
    assert [effect.data["number"] for effect in lab.target.effects] == ["C-sent"]
    assert Hold.objects.filter(released_at=None).count() == 1
    pause_workflow(bob, workflow, reason="r")
    lab.put_customer("waits", tax="NORM")
    lab.drain()
    ship(product, **with_gates(NAME_GATE))
    sign(carol, propose_upgrade(bob, workflow, Asked("r")))
    old = workflow.version
    assert {one.workflow_version for one in Delivery.objects.all()} == {old}
    resume_workflow(bob, fresh(workflow))
    lab.put_customer("new")
    lab.drain()
    sent = [effect.data["number"] for effect in lab.target.effects]
    assert sent == ["C-sent", "C-waits"], (
        "the new one is held by the new gate, the held one goes on"
    )
    assert lab.delivery("C-new").workflow_version == fresh(workflow).version
    assert lab.delivery("C-held").workflow_version == old
    assert Hold.objects.filter(released_at=None).count() == 2

    lab.put_customer("held", tax="NORM")
    lab.drain()
    lab.deliver_late()
    sent = [effect.data["number"] for effect in lab.target.effects]
    assert len(sent) == len(set(sent)), "nothing is doubled"
    open_ = Delivery.objects.filter(record__key="C-held").exclude(state__in=("done", "superseded"))
    assert sent.count("C-held") + open_.count() >= 1, "and nothing lost"
