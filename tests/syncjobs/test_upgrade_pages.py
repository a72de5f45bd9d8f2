"""What people and programs see of newer versions of blueprints, and how they ask for them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django_tenants.utils import tenant_context

from governance.models import Change, ChangeRequest
from mappings.models import Mapping
from syncjobs.definition_words import condition_words, lines_of, moves
from syncjobs.models import Blueprint, Workflow
from syncjobs.services import upgrades
from syncjobs.services.shipping import ship_blueprints
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.syncjobs.factories import BUILDER, make_connection
from tests.syncjobs.releases import (
    FIRST,
    NAME_GATE,
    PHONE,
    RULES,
    SLUG,
    TAX_GATE,
    Product,
    with_gates,
)

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def workflow(product: Product, alder: Client) -> Workflow:
    """One of Alder's, with a value of its own, of the first version."""
    return install_workflow(
        BUILDER,
        client=alder,
        blueprint=SLUG,
        name="Alder's customers",
        bindings={"erp": make_connection(alder, "ERP")},
        overrides={"tries": 7},
    )


@pytest.fixture
def newer(product: Product, workflow: Workflow) -> Workflow:
    """The same, with a newer version there that has another gate and newer rules."""
    product.release({**FIRST, "version": 2, **with_gates(TAX_GATE, NAME_GATE)}, [*RULES, PHONE])
    ship_blueprints(BUILDER)
    return workflow


@pytest.fixture
def bob(browse: Callable[..., Browser]) -> Browser:
    """The engineer's browser."""
    return browse(actors.BOB)


def text_of(browser: Browser, name: str, *args: object) -> str:
    answer = browser.get(reverse(name, args=args, urlconf="config.urls_admin"))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def post(browser: Browser, name: str, *args: object, **body: object) -> str:
    address = reverse(name, args=args, urlconf="config.urls_admin")
    answer = browser.post(address, body, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_pages_say_that_a_newer_version_waits_and_what_it_changes(
    newer: Workflow, bob: Browser, browse: Callable[..., Browser]
) -> None:
    assert "1 of the workflows here uses an older version" in text_of(bob, "workflow_list")
    assert "newer version waits" in text_of(bob, "workflow_list")
    assert "Waits for 1" in text_of(bob, "blueprint_list")
    assert "Version 2 of its blueprint is there" in text_of(bob, "workflow_detail", newer.pk)
    for page in (
        text_of(bob, "blueprint_detail", SLUG),
        text_of(bob, "workflow_upgrade", newer.pk),
    ):
        assert "gate Name known, held until, or until others sign: legal name is there" in page
        assert "Tries: stays as it is" in page
        assert "Lab: customer" in page
    viewer = browse(actors.FRANK)
    assert "Propose for" not in text_of(viewer, "blueprint_detail", SLUG)
    assert "See what it changes" not in text_of(viewer, "workflow_detail", newer.pk)
    grace = browse(actors.GRACE)
    answer = grace.get(f"/workflows/{newer.pk}/")
    assert answer.status_code == 200
    assert "of its blueprint" not in answer.content.decode(), "the request tells the client"


def test_one_workflow_is_proposed_from_its_page(newer: Workflow, bob: Browser) -> None:
    page = post(bob, "workflow_upgrade", newer.pk, reason="A gate.", with_mappings="on")
    assert "Upgrade Alder&#x27;s customers of Alder Consulting to version 2" in page
    assert "Proposed." in page
    assert "brings the mappings that it needs, and is decided first" in page
    told = text_of(bob, "workflow_detail", newer.pk)
    assert "for it waits to be decided" in told
    assert "has to be decided first" in text_of(bob, "workflow_upgrade", newer.pk)


def test_all_are_proposed_from_the_blueprints_page(
    newer: Workflow, northwind: Partner, bob: Browser
) -> None:
    assert "Say why" in post(bob, "blueprint_upgrade", SLUG)
    page = post(bob, "blueprint_upgrade", SLUG, reason="New release.", with_mappings="1")
    assert "Proposed 1: each is a change request of its own." in page
    with tenant_context(northwind):
        assert Change.objects.filter(kind="workflow").count() == 1
        assert ChangeRequest.objects.filter(client_id=None).count() == 1
    again = post(bob, "blueprint_upgrade", SLUG, reason="Once more.")
    assert "1 left out: their change requests wait already." in again


def test_more_than_one_call_takes_are_proposed_press_by_press(
    product: Product,
    workflow: Workflow,
    alder: Client,
    bob: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("Second", "Third"):
        install_workflow(
            BUILDER,
            client=alder,
            blueprint=SLUG,
            name=name,
            bindings={"erp": make_connection(alder, f"ERP {name}")},
            overrides={},
        )
    product.next(**with_gates(TAX_GATE, NAME_GATE))
    ship_blueprints(BUILDER)
    monkeypatch.setattr(upgrades, "AT_ONCE", 2)
    assert "Propose for 2 of 3" in text_of(bob, "blueprint_detail", SLUG)
    page = post(bob, "blueprint_upgrade", SLUG, reason="New release.")
    assert "Proposed 2" in page
    assert "1 are still to go. Propose once more to go on." in page
    assert 'value="New release."' in page
    assert "Propose for 1" in page
    page = post(bob, "blueprint_upgrade", SLUG, reason="New release.")
    assert "Proposed 1" in page
    assert "still to go" not in page


def test_an_end_of_an_own_value_is_asked_on_the_page(
    product: Product, workflow: Workflow, northwind: Partner, bob: Browser
) -> None:
    points = {"checks": FIRST["extension_points"]["checks"]}
    product.next(extension_points=points, steps=[{**FIRST["steps"][0], "tries": 3}])
    ship_blueprints(BUILDER)
    page = text_of(bob, "workflow_upgrade", workflow.pk)
    assert "Let “tries” end" in page
    assert "Now: 7." in page
    assert "Asks about its own values: tries" in text_of(bob, "blueprint_detail", SLUG)
    post(bob, "workflow_upgrade", workflow.pk, reason="r")
    with tenant_context(northwind):
        assert not Change.objects.filter(kind="workflow").exists()
    post(bob, "workflow_upgrade", workflow.pk, reason="r", end_tries="on")
    with tenant_context(northwind):
        assert Change.objects.get(kind="workflow").content["let_go"] == {"tries": 7}


def test_newer_mappings_are_proposed_alone(
    newer: Workflow, northwind: Partner, bob: Browser
) -> None:
    mapping = Mapping.objects.get(slug="sandbox-erp-lab-out")
    assert "Choose a mapping." in post(bob, "blueprint_mappings", SLUG, reason="r")
    page = post(bob, "blueprint_mappings", SLUG, reason="r", mapping=str(mapping.pk))
    assert "Newer mappings of Lab flow" in page
    with tenant_context(northwind):
        assert Change.objects.get(kind="mapping_version").target_id == str(mapping.pk)
        assert not Change.objects.filter(kind="workflow").exists()


def test_an_edited_copy_is_shown_beside_the_shipped_one_and_decided_on(
    product: Product, workflow: Workflow, northwind: Partner, bob: Browser
) -> None:
    own = {**FIRST, "steps": [{**FIRST["steps"][0], "mode": "create"}]}
    Blueprint.objects.filter(slug=SLUG).update(definition=own)
    product.next(**with_gates(NAME_GATE))
    ship_blueprints(BUILDER)
    assert "Yours differs: decide" in text_of(bob, "blueprint_list")
    page = text_of(bob, "blueprint_detail", SLUG)
    assert "Yours differs from the shipped version 2" in page
    assert "step Customer, in the ERP: writes each once" in page
    assert "Kept." in post(bob, "blueprint_decide", SLUG, reason="r", choice="keep")
    assert "You kept yours." in text_of(bob, "blueprint_detail", SLUG)
    assert "Taken." in post(bob, "blueprint_decide", SLUG, reason="r", choice="take")
    with tenant_context(northwind):
        assert Blueprint.objects.get(slug=SLUG).version == 2


@pytest.fixture
def call(newer: Workflow, browse: Callable[..., Browser]) -> Call:
    """Calls the API as a program of Bob's."""
    user = User.objects.get(email=actors.BOB.email)
    scopes = ["workflows.manage", "workflows.view", "changes.propose", "mappings.edit"]
    text = make_token(BUILDER, user=user, name="t", scopes=scopes)[1]
    caller = browse(None, host="admin.northwind.localhost")

    def called(method: str, place: str, **body: object) -> tuple[int, Any]:
        answer = caller.generic(
            method,
            f"/api/v1/{place}",
            data=json.dumps(body) if body else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )
        return answer.status_code, answer.json()

    return called


def test_programs_see_what_waits_and_propose_it(
    newer: Workflow, birch: Client, northwind: Partner, call: Call
) -> None:
    with tenant_context(northwind):
        other = install_workflow(
            BUILDER, client=birch, blueprint=SLUG, bindings={"erp": make_connection(birch, "E")}
        )
    waits = {"uses": 1, "newest": 2, "change_request": None}
    rows = call("GET", "workflows/")[1]["results"]
    assert {row["id"]: row["upgrade"] for row in rows} == {newer.pk: waits, other.pk: None}
    rows = call("GET", "workflows/?upgrade=waiting")[1]["results"]
    assert [row["id"] for row in rows] == [newer.pk]
    assert [row["id"] for row in call("GET", "workflows/?upgrade=none")[1]["results"]] == [other.pk]
    status, found = call("GET", f"workflows/{other.pk}/upgrade/")
    assert (status, found["uses"], found["newest"], found["changes"]) == (200, 2, 2, [])
    status, found = call("GET", f"workflows/{newer.pk}/upgrade/")
    assert (status, found["uses"], found["newest"], found["gone"]) == (200, 1, 2, {})
    assert [line["sign"] for line in found["changes"]] == ["+"]
    place = f"workflows/{newer.pk}/upgrade/"
    assert call("POST", place, let_go=[])[0] == 400, "no reason"
    status, made = call("POST", place, reason="By our script.")
    assert status == 202
    told = call("GET", f"workflows/{newer.pk}/")[1]["upgrade"]
    assert told["change_request"] == made["change_request"]
    assert call("POST", place, reason="Once more.")[0] in (400, 422)


def test_words_do_not_depend_on_how_the_database_orders_keys() -> None:
    shape = {"trigger": {"events": []}, "cycle": {"rule": {"b": 1, "a": [True, "x"]}, "date": "d"}}
    turned = {"cycle": {"date": "d", "rule": {"a": [True, "x"], "b": 1}}, "trigger": {"events": []}}
    assert lines_of(shape) == lines_of(turned)
    assert moves(shape, turned) == []


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"path": "a.tax_code", "op": "present"}, "a tax code is there"),
        ({"path": "a", "op": "in", "values": ["x", 2]}, "a is one of x, 2"),
        ({"path": "a", "op": "equals", "value": False}, "a is no"),
        ({"path": "a", "op": "same_as", "other": "b.c"}, "a is the same as b c"),
        ({"path": "a", "op": "exists_in", "role": "erp"}, "a is in the ERP"),
        (
            {"path": "a", "op": "any", "field": "kind", "value": "x"},
            "a has one with kind x",
        ),
    ],
)
def test_a_condition_is_said_in_words(condition: dict[str, object], words: str) -> None:
    assert condition_words(condition) == words
