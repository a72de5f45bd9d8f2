"""Impact previews: what a proposed change would do to real records, before anybody signs."""

from collections.abc import Callable
from typing import Any

import pytest

from governance import appliers, impact
from governance.actors import Actor
from governance.appliers import Applier, Risk
from governance.errors import SignatureRefused
from governance.impact import Assessment, Assessor
from governance.models import AuditEntry, Change, ChangeRequest, Policy
from governance.services import changes, impacts
from governance.services.policies import ensure_default_policies
from mappings.models import Mapping
from mappings.services.value_maps import ensure_value_map, propose_table
from mappings.services.versions import ensure_mapping
from syncjobs.engine.doorbell import settle
from syncjobs.engine.drain import drain
from syncjobs.models import CanonicalRecord, Delivery, Workflow, WorkflowVersion
from syncjobs.services.workflows import KIND as WORKFLOW
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.at_home import at_home
from tests.syncjobs.billed import (
    HOURS,
    LINES,
    billed_hours,
    definition_step,
    deliver,
    propose_rules,
)
from tests.syncjobs.factories import BUILDER, CUSTOMER_IN, Lab, make_connection, make_mapping

pytestmark = pytest.mark.usefixtures("at_work", "at_home")
__all__ = ["at_home"]
ActorOf = Callable[[Person], Actor]


@pytest.fixture
def bob(northwind: object, actor: ActorOf) -> Actor:
    ensure_default_policies()
    return actor(actors.BOB)


def _tried(request: ChangeRequest, at: int = 0) -> Change:
    """Let the worker come, and return a change with its preview."""
    assert settle() == 0
    drain()
    request.refresh_from_db()
    return list(request.changes.all())[at]


def _report(request: ChangeRequest) -> dict[str, Any]:
    found = _tried(request).impact
    assert found is not None
    return dict(found)


def _sign(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def test_a_reviewer_sees_the_money_before_signing_and_signs_it(
    alder: Client, birch: Client, bob: Actor, actor: ActorOf
) -> None:
    mapping, workflow, erp = billed_hours(alder, HOURS)
    billed_hours(birch, ["10"], currency="USD")
    deliver(CanonicalRecord.objects.get(key=f"T-{alder.pk}-0"), workflow, erp)  # written twice
    rows = Delivery.objects.count(), CanonicalRecord.objects.count()

    request = propose_rules(bob, mapping)
    with pytest.raises(SignatureRefused, match="is being made"):
        _sign(actor(actors.CAROL), request)
    before = request.content_hash
    report = _report(request)
    assert report["counts"] == {"same": 0, "changed": 4, "failing": 0, "held": 0, "freed": 0}
    assert report["money"]["EUR"]["difference"] == "12430.00"
    assert report["money"]["EUR"]["before"] == "124300.00"
    assert report["money"]["USD"]["difference"] == "100"
    lines = {
        line[0]: line[1:] for line in report["examples"][0]["lines"]
    }  # the one that moves most
    assert lines["lineAmount"] == ["80025.00", "88027.50", True]
    assert lines["unitPrice"] == ["100", "110", True]
    assert (Delivery.objects.count(), CanonicalRecord.objects.count()) == rows

    # It is part of what is signed: the hash of before it is no signature any more.
    assert request.content_hash != before
    signed = _sign(actor(actors.CAROL), request)
    assert signed.status == "applied"
    found = AuditEntry.objects.get(action="change.impact_found", object_id=str(request.pk))
    assert found.after is not None
    assert found.after["money"]["EUR"]["difference"] == "12430.00"


def test_newly_failing_and_newly_held_records_are_told_with_what_they_stop(
    alder: Client, bob: Actor
) -> None:
    mapping, _, _ = billed_hours(alder, ["1", "2", "3"])
    CanonicalRecord.objects.filter(key=f"T-{alder.pk}-1").update(
        data={"number": "T-x", "hours": "2", "rate": "100", "amount": "200", "currency": "EUR"}
    )
    ensure_value_map(BUILDER, name="codes", label="Codes", table={f"T-{alder.pk}-0": "A"})
    rules: list[dict[str, object]] = [
        *LINES[:1],
        {**LINES[1], "required": True},
        *LINES[2:],
        {
            "id": "code",
            "target": "code",
            "source": "number",
            "lookup": {"value_map": "codes", "on_miss": "hold"},
        },
    ]
    report = _report(propose_rules(bob, mapping, rules))
    assert report["counts"] == {"same": 0, "changed": 1, "failing": 1, "held": 1, "freed": 0}
    assert report["money"]["EUR"]["stopped"] == "500"
    assert report["money"]["EUR"]["difference"] == "0"
    notes = {one["verdict"]: one["note"] for one in report["examples"]}
    assert notes["failing"]
    assert "codes" in notes["held"].lower()


def test_a_value_map_is_tried_on_the_mappings_that_look_into_it(alder: Client, bob: Actor) -> None:
    table = ensure_value_map(BUILDER, name="prices", label="Prices", table={"EUR": "1"})
    make_mapping(
        "line-out",
        "outbound",
        "time_entry",
        [
            *LINES[:3],
            {
                "id": "lineAmount",
                "target": "lineAmount",
                "source": "currency",
                "type": "decimal",
                "lookup": {"value_map": "prices"},
            },
        ],
    )
    billed_hours(alder, ["1", "2"])
    request = propose_table(bob, table, {"EUR": "1.5"}, title="More", reason="So.")
    report = _report(request)
    assert report["counts"]["changed"] == 2
    assert report["money"]["EUR"]["difference"] == "1.0"


def test_what_sources_sent_is_read_again_under_the_new_rules(lab: Lab, bob: Actor) -> None:
    lab.put_customer("1")
    lab.put_customer("2", tax="T")
    lab.drain()
    lab.put_customer("2", tax="S")
    lab.drain()
    rules: list[dict[str, object]] = [
        *CUSTOMER_IN[:2],
        {"id": "tax", "target": "tax_code", "source": "tax", "required": True},
        CUSTOMER_IN[3],
    ]
    report = _report(propose_rules(bob, Mapping.objects.get(slug="customer-in"), rules))
    assert report["counts"] == {"same": 1, "changed": 0, "failing": 1, "held": 0, "freed": 0}
    assert report["examples"][0]["label"] == "Name 1 · C-1"


def test_derived_records_are_tried_on_their_causes(alder: Client, bob: Actor) -> None:
    rules: list[dict[str, object]] = [
        {"id": "number", "target": "number", "source": "number", "required": True},
        {"id": "currency", "target": "currency", "source": "currency"},
        {"id": "total", "target": "total", "source": "amount"},
    ]
    mapping = ensure_mapping(
        BUILDER,
        slug="invoice-of-time",
        name="Invoice of time",
        direction="derive",
        canonical="time_entry",
        makes="invoice",
        document={"rules": rules},
    )
    _, workflow, erp = billed_hours(alder, ["1", "2"])
    derive = {"object": "invoice", "mapping": "invoice-of-time", "related": ["project"]}
    step = definition_step(erp, record=None, derive=derive)
    definition = {"trigger": {"events": ["time.approved"]}, "steps": [step]}
    WorkflowVersion.objects.filter(workflow=workflow).update(definition=definition, hash="")
    dearer: dict[str, object] = {
        "id": "total",
        "target": "total",
        "expr": "mul(field('hours'), 110)",
    }
    report = _report(propose_rules(bob, mapping, [*rules[:2], dearer]))
    assert report["counts"]["changed"] == 2
    assert report["money"]["EUR"]["difference"] == "30"


def test_a_preview_is_out_of_date_when_what_it_stands_on_moves(
    alder: Client, bob: Actor, actor: ActorOf
) -> None:
    table = ensure_value_map(BUILDER, name="prices", label="Prices", table={"EUR": "1"})
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    change = _tried(request)
    assert impacts.standing_of(change, [change]).state == "ready"

    # Another request changes a value map meanwhile: the preview was made under the old one.
    other = propose_table(bob, table, {"EUR": "2"}, title="Two", reason="So.")
    drain()
    other.refresh_from_db()
    _sign(actor(actors.CAROL), other)
    change = request.changes.get()
    assert impacts.standing_of(change, [change]).state == "stale"
    with pytest.raises(SignatureRefused, match="out of date"):
        _sign(actor(actors.CAROL), request)
    impacts.ask_again(bob, request.pk)
    drain()
    request.refresh_from_db()
    assert _sign(actor(actors.CAROL), request).status == "applied"


def test_a_preview_that_comes_out_differently_voids_signatures(
    alder: Client, bob: Actor, actor: ActorOf
) -> None:
    Policy.objects.filter(kind="mapping_version").update(approvals=2)
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    _tried(request)
    _sign(actor(actors.CAROL), request)
    Change.objects.filter(request=request).update(impact_progress={"failed": "x"})
    CanonicalRecord.objects.filter(type="time_entry").update(deleted=True)
    impacts.ask_again(bob, request.pk)
    report = _report(request)
    assert report["tried"] == 0
    assert "came out differently" in request.notice
    assert not request.approvals.filter(content_hash=request.content_hash).exists()


def test_a_preview_altered_in_the_database_is_not_what_was_signed(
    alder: Client, bob: Actor, actor: ActorOf
) -> None:
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    report = _report(request)
    report["money"]["EUR"]["difference"] = "0"
    Change.objects.filter(request=request).update(impact=report)
    with pytest.raises(Exception, match="not what you read"):
        _sign(actor(actors.CAROL), request)


def _govern_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    governed = Applier(
        kind=WORKFLOW,
        label="Workflow",
        apply=lambda change, actor: {},
        diff=lambda change: [],
        risk=lambda change: Risk(),
        base_version=lambda target: str(Workflow.objects.get(pk=int(target)).version_id),
    )
    monkeypatch.setattr(appliers, "_registry", {**appliers._registry, WORKFLOW: governed})


def test_a_workflow_is_made_from_its_blueprint_to_be_tried(
    alder: Client, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _govern_workflows(monkeypatch)
    bindings = {kind: make_connection(alder, kind, f"sandbox_{kind}") for kind in ("psa", "erp")}
    workflow = install_workflow(
        BUILDER, client=alder, blueprint="time_to_billing", bindings=bindings
    )
    content: dict[str, object] = {
        "blueprint": "time_to_billing",
        "bindings": {role: one.pk for role, one in bindings.items()},
        "overrides": {"billable": []},
    }
    proposed = changes.ProposedChange(WORKFLOW, str(workflow.pk), "Billing", content, alder.pk)
    request = changes.propose(bob, title="No gate", reason="So.", changes=[proposed])
    assert _report(request)["tried"] == 0
    content["bindings"] = {}
    proposed = changes.ProposedChange(WORKFLOW, str(workflow.pk), "Billing", content, alder.pk)
    change = _tried(changes.propose(bob, title="None", reason="So.", changes=[proposed]))
    assert "Choose a connection for: erp, psa" in impacts.standing_of(change, [change]).reason


def test_a_gate_that_asks_for_more_holds_what_went_out(
    alder: Client, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, workflow, erp = billed_hours(alder, ["1", "2"])
    _govern_workflows(monkeypatch)
    CanonicalRecord.objects.filter(key=f"T-{alder.pk}-0").update(
        data={"number": "n", "hours": "1", "rate": "100", "amount": "100", "task": "Plan"}
    )
    gate = {
        "name": "task",
        "label": "Task",
        "require": [{"path": "task", "op": "present", "missing": "task of {key}"}],
    }
    definition = {
        "trigger": {"events": ["time.approved"]},
        "steps": [definition_step(erp, gates=[gate])],
    }
    request = changes.propose(
        bob,
        title="Ask for a task",
        reason="So.",
        changes=[
            changes.ProposedChange(
                WORKFLOW, str(workflow.pk), "Billing", {"definition": definition}, alder.pk
            )
        ],
    )
    report = _report(request)
    assert report["counts"] == {"same": 1, "changed": 0, "failing": 0, "held": 1, "freed": 0}
    assert report["money"]["EUR"]["stopped"] == "200"
    assert f"task of T-{alder.pk}-1" in report["examples"][0]["note"]


def _greedy(change: Change, every: object, most: int) -> Assessment:
    def batches() -> Any:
        yield []
        CanonicalRecord.objects.update(label="written")
        yield []

    return Assessment(most, batches())


def test_an_assessor_cannot_write_and_its_failure_is_told(
    alder: Client, bob: Actor, actor: ActorOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    greedy = Assessor("mapping_version", _greedy, lambda change: "")
    monkeypatch.setattr(impact, "_assessors", {"mapping_version": greedy})
    change = _tried(request)
    assert change.impact is None
    assert impacts.standing_of(change, [change]).reason == "An unexpected error stopped it."
    assert not CanonicalRecord.objects.filter(label="written").exists()
    with pytest.raises(SignatureRefused, match="There is no impact preview"):
        _sign(actor(actors.CAROL), request)


def test_a_worker_that_dies_leaves_the_preview_to_the_next_and_poison_is_given_up(
    alder: Client, bob: Actor
) -> None:
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    assert impacts.work_due(stop=lambda: True) == 1  # stopped after the first batch
    change = request.changes.get()
    assert change.impact is None
    assert change.impact_due_at is not None
    Change.objects.update(impact_progress={"starts": impacts.MOST_STARTS})
    assert impacts.work_due() == 0
    change = request.changes.get()
    assert impacts.standing_of(change, [change]).state == "failed"
