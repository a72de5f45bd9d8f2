"""Workflows and mappings under change control: in by signature, out again, and sent again."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from governance.actors import Actor
from governance.errors import ApplyFailed, NotPermitted
from governance.models import AuditEntry, ChangeRequest
from governance.services import changes
from governance.services.details import request_detail
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back, send_again, written_in_between
from mappings.models import Mapping
from mappings.services.versions import propose_document
from syncjobs.models import Blueprint, Connection, Run, Stream, Workflow, WorkflowVersion
from syncjobs.services.workflow_changes import (
    Wanted,
    propose_installation,
    propose_workflow_change,
)
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab, make_connection

Of = Callable[[Person], Actor]


@pytest.fixture
def bob(actor: Of) -> Actor:
    """The engineer."""
    ensure_default_policies()
    return actor(actors.BOB)


@pytest.fixture
def carol(actor: Of) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


def sign(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def test_what_a_change_wrote_is_sent_again_after_its_roll_back(
    lab: Lab, bob: Actor, carol: Actor, actor: Of, browse: Callable[..., Browser]
) -> None:
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()
    mapping = Mapping.objects.select_related("live").get(slug="customer-out")
    assert mapping.live is not None
    rules = [
        {**rule, "steps": [{"do": "upper"}]} if rule["target"] == "name" else rule
        for rule in mapping.live.document["rules"]
    ]
    request = propose_document(bob, mapping, {"rules": rules}, title="Louder", reason="r")
    assert sign(carol, request).status == "applied"
    lab.put_customer("1", name="Alder")
    lab.drain()
    assert lab.target.effects[-1].data["name"] == "ALDER"
    back = roll_back(bob, request.pk, reason="Too loud.")
    assert sign(carol, back).status == "applied"
    mapping.refresh_from_db()
    assert mapping.live is not None
    assert mapping.live.number == 1
    support = actor(actors.DAVE)
    request.refresh_from_db()
    assert (request.status, written_in_between(request)) == ("rolled_back", 1)
    assert request_detail(support, request.pk).ways.written == 1
    with pytest.raises(NotPermitted):
        send_again(carol, request.pk)
    sent = send_again(support, request.pk)
    assert (sent.records, sent.planned) == (1, 1)
    assert Run.objects.get(pk__in=sent.runs).planned == 1
    lab.drain()
    # The page says that it was done and where, and does not offer it as if nothing had been.
    staff = browse(actors.DAVE)
    page = staff.get(f"/changes/{request.pk}/").content.decode()
    assert f'href="/work/workflows/runs/{sent.runs[0]}/"' in page
    assert "1 record planned" in page
    assert page.index("Send them once more") < page.index("Send them again")
    answer = staff.post(f"/changes/{request.pk}/send-again/", follow=True).content.decode()
    assert "1 record is on its way again." in answer
    assert lab.target.effects[-1].data["name"] == "Alder"
    assert len(lab.target.effects) == 4  # the second customer was not written again


@pytest.fixture
def wanted(alder: Client) -> Wanted:
    """Sandbox systems of Alder's in their roles."""
    made = {role: make_connection(alder, role, f"sandbox_{role}") for role in ("erp", "psa")}
    return Wanted("Billing", made, {})


def test_an_installation_waits_for_its_signature_and_is_rolled_back_by_pausing(
    alder: Client, bob: Actor, carol: Actor, wanted: Wanted
) -> None:
    blueprint = Blueprint.objects.get(slug="time_to_billing")
    request = propose_installation(bob, alder, blueprint, wanted)
    assert request.touches_money
    diff = request.changes.get().diff
    told = [text for _, text in diff]
    assert f"blueprint Time to billing, version {blueprint.version}" in told
    assert any(": gate " in text for text in told)
    assert {sign for sign, _ in diff} == {"+"}, "nothing of it was there, so nothing folds away"
    assert not Workflow.objects.exists()
    assert not Stream.objects.exists()
    assert sign(carol, request).status == "applied"
    workflow = Workflow.objects.get()
    assert str(workflow.pk) == request.changes.get().target_id
    assert WorkflowVersion.objects.get().change_request == request.pk
    with pytest.raises(ValidationError, match="of that name already"):
        propose_installation(bob, alder, blueprint, wanted)

    cut_off = {"day": 5, "time": "12:00", "version": "2"}
    other = Wanted("Billing", wanted.bindings, {"cut_off": cut_off})
    asked = propose_workflow_change(bob, workflow, other, reason="Their month is shorter.")
    assert ["+", "cut off: day 5, time 12:00, version 2"] in asked.changes.get().diff
    assert sign(carol, asked).status == "applied"
    workflow.refresh_from_db()
    assert workflow.version is not None
    assert (workflow.version.number, workflow.version.definition["cycle"]["rule"]) == (2, cut_off)
    assert sign(carol, roll_back(bob, asked.pk, reason="No.")).status == "applied"
    workflow.refresh_from_db()
    assert workflow.version.number == 3
    assert workflow.version.definition["cycle"]["rule"] != cut_off


def test_a_first_installation_is_taken_back_by_pausing(
    alder: Client, bob: Actor, carol: Actor, wanted: Wanted
) -> None:
    blueprint = Blueprint.objects.get(slug="time_to_billing")
    request = sign(carol, propose_installation(bob, alder, blueprint, wanted))
    assert sign(carol, roll_back(bob, request.pk, reason="Too early.")).status == "applied"
    assert Workflow.objects.get().state == "paused"
    entry = AuditEntry.objects.get(action="workflow.paused")
    assert entry.reason == f"Change {request.pk} was rolled back."


def test_a_blueprint_that_moved_on_or_a_foreign_system_does_not_go_in(
    alder: Client, birch: Client, bob: Actor, carol: Actor, wanted: Wanted
) -> None:
    blueprint = Blueprint.objects.get(slug="time_to_billing")
    request = propose_installation(bob, alder, blueprint, wanted)
    Blueprint.objects.filter(pk=blueprint.pk).update(definition={**blueprint.definition, "x": 1})
    with pytest.raises(ApplyFailed, match="blueprint has changed"):
        sign(carol, request)
    assert not Workflow.objects.exists()
    foreign: dict[str, Connection] = {**wanted.bindings, "erp": make_connection(birch, "erp")}
    with pytest.raises(ValidationError, match="belongs to another client"):
        propose_installation(bob, alder, blueprint, Wanted("Other", foreign, {}))
