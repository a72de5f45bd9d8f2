"""Workflows under change control: installing one, changing it, taking the installation back.

What is signed names the blueprint by its content: if that moves on before the request goes in,
it has to be proposed again. A connection's direction and what is read from it are parts of the
workflow, so they change with it and in no other way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db.models import Max

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from governance.state import OPEN
from mappings.ownership import owner_words
from syncjobs import actions
from syncjobs.definition_words import differences, plain, told
from syncjobs.fingerprint import fingerprint
from syncjobs.models import Blueprint, Connection, Workflow, WorkflowVersion
from syncjobs.services.blueprints import foreseen_definition, new_reads, partners_mappings
from syncjobs.services.outdated import outdated
from syncjobs.services.workflows import KIND, install_workflow, pause_locked, resolved
from syncjobs.shipped import content_hash
from syncjobs.state import WORKFLOW
from tenants.accounts.models import Client
from tenants.nouns import in_words

# Triggers whose workflows write amounts into a client's books.
_OF_MONEY: Final = (
    "contract.", "expense.", "invoice.", "milestone.", "payment.", "revenue.", "sow.", "time.",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """A workflow as somebody wants it. bindings: role → connection of the client.

    let_go: overrides that end with this, because their extension point is gone.
    after_request: the change request that has to be decided first, None for none.
    """

    name: str
    bindings: Mapping[str, Connection]
    overrides: Mapping[str, object]
    priority: int | None = None
    let_go: Mapping[str, object] = field(default_factory=dict)
    after_request: int | None = None


def propose_installation(
    actor: Actor, client: Client, blueprint: Blueprint, wanted: Wanted, *, reason: str = ""
) -> ChangeRequest:
    """Ask for a blueprint to be installed for a client.

    Raises NotPermitted, ValidationError with what is missing, governance's refusals.
    """
    actor.require("workflows.manage", client.pk)
    name = wanted.name.strip() or blueprint.name
    if Workflow.objects.filter(client=client, name=name).exists():
        raise ValidationError(in_words("This client has a workflow of that name already."))
    _refuse_foreign(client, wanted.bindings)
    return _propose(
        actor,
        f"Install {name} for {client.name}",
        reason or f"{client.name} starts with {blueprint.name}.",
        _next_id(),
        client.pk,
        _content(blueprint, Wanted(name, wanted.bindings, wanted.overrides, wanted.priority)),
    )


def propose_workflow_change(
    actor: Actor, workflow: Workflow, wanted: Wanted, *, reason: str, title: str = ""
) -> ChangeRequest:
    """Ask for a workflow to use other systems, other values at its extension points, or the
    blueprint's newest content. Raises as `propose_installation`."""
    actor.require("workflows.manage", workflow.client_id)
    _refuse_foreign(workflow.client, wanted.bindings)
    content = _content(workflow.blueprint, wanted)
    title = title or f"Change {workflow.name} of {workflow.client.name}"
    return _propose(actor, title, reason, workflow.pk, workflow.client_id, content)


def _propose(
    actor: Actor, title: str, reason: str, pk: int, client_id: int, content: dict[str, object]
) -> ChangeRequest:
    name = str(content["name"])
    change = ProposedChange(KIND, str(pk), name, content, client_id)
    return propose(actor, title=title, reason=reason, changes=[change])


def _content(blueprint: Blueprint, wanted: Wanted) -> dict[str, object]:
    extra: dict[str, object] = {}
    if wanted.let_go:
        extra["let_go"] = dict(wanted.let_go)
    if wanted.after_request is not None:
        extra["after_request"] = wanted.after_request
    return {
        **extra,
        "blueprint": blueprint.slug,
        "blueprint_version": blueprint.version,
        "blueprint_hash": content_hash(blueprint.definition),
        "name": wanted.name,
        "bindings": {role: one.pk for role, one in sorted(wanted.bindings.items())},
        "overrides": dict(wanted.overrides),
        "priority": wanted.priority,
    }


def _refuse_foreign(client: Client, bindings: Mapping[str, Connection]) -> None:
    wrong = [one.name for one in bindings.values() if one.client_id != client.pk]
    if wrong:
        raise ValidationError(f"{', '.join(wrong)} belongs to another {in_words('client')}.")


def _next_id() -> int:
    """Reserve a key, so that a workflow that is only proposed has a name of its own."""
    with database.cursor() as cursor:
        table = Workflow._meta.db_table
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])


def _workflow(target_id: str) -> Workflow | None:
    rows = Workflow.objects.select_related("client", "blueprint", "version")
    return rows.filter(pk=int(target_id)).first()


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    known = _workflow(change.target_id)
    if change.content.get("paused"):
        return _pause(known, f"Change {change.request.rolls_back_id} was rolled back.")
    # The people who signed answer for it: whoever pressed the last button needs no more rights.
    system = Actor("system", None, actor.label)
    bindings = _bindings(change)
    if known is not None and change.content.get("as_version"):
        _keep_version(system, known, change, _definition_of(known, change))
    else:
        known = _from_blueprint(system, known, bindings, change)
    assert known.version is not None
    WorkflowVersion.objects.filter(pk=known.version.pk).update(change_request=change.request_id)
    return {"number": known.version.number, **_signed(change)}


def _from_blueprint(
    system: Actor,
    known: Workflow | None,
    bindings: Mapping[str, Connection],
    change: Change,
) -> Workflow:
    content: Mapping[str, Any] = change.content
    blueprint = Blueprint.objects.filter(slug=content["blueprint"]).first()
    if blueprint is None:
        raise ApplyFailed("The blueprint is not there any more. Withdraw this request.")
    if content_hash(blueprint.definition) != content["blueprint_hash"]:
        raise ApplyFailed(f"{outdated(blueprint)} Withdraw this request and propose that instead.")
    _refuse_too_early(change)
    try:
        if known is None:
            return _installed(system, change, bindings)
        overrides = content["overrides"]
        definition = resolved(system, blueprint, known.client, bindings, overrides)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    _keep_version(system, known, change, definition)
    return known


def _refuse_too_early(change: Change) -> None:
    """Hold an upgrade until the mappings that it needs are live, or were decided against."""
    first = change.content.get("after_request")
    if first and ChangeRequest.objects.filter(pk=first, status__in=sorted(OPEN)).exists():
        raise ApplyFailed(f"Request {first} has to be decided first: it brings the mappings.")


def _definition_of(workflow: Workflow, change: Change) -> dict[str, Any]:
    """Return what the workflow had in the version that comes back."""
    number = change.content["as_version"]
    before = workflow.versions.filter(number=number).first()
    if before is None:
        raise ApplyFailed(f"Version {number} is not there any more.")
    return dict(before.definition)


def _installed(system: Actor, change: Change, bindings: Mapping[str, Connection]) -> Workflow:
    content: Mapping[str, Any] = change.content
    return install_workflow(
        system,
        client=Client.objects.get(pk=change.client_id or 0),
        blueprint=content["blueprint"],
        bindings=bindings,
        name=content["name"],
        overrides=content["overrides"],
        priority=content["priority"],
        pk=int(change.target_id),
    )


def _keep_version(
    system: Actor, workflow: Workflow, change: Change, definition: dict[str, Any]
) -> None:
    content: Mapping[str, Any] = change.content
    last = workflow.versions.aggregate(last=Max("number"))["last"] or 0
    workflow.version = WorkflowVersion.objects.create(
        workflow=workflow,
        number=last + 1,
        definition=definition,
        hash=fingerprint(definition),
        created_by=system.label[:200],
    )
    workflow.bindings, workflow.overrides = dict(content["bindings"]), dict(content["overrides"])
    workflow.priority = content["priority"] or workflow.priority
    workflow.save(update_fields=["version", "bindings", "overrides", "priority", "updated_at"])
    audit.record(
        actions.WORKFLOW_CHANGED,
        object_kind="workflow",
        object_id=workflow.pk,
        object_label=workflow.name,
        client_id=workflow.client_id,
        after={"version": workflow.version.number},
    )


def _pause(workflow: Workflow | None, reason: str) -> Mapping[str, object]:
    if workflow is None:
        raise ApplyFailed("The workflow is not there any more.")
    row = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if WORKFLOW.may(row.state, "pause"):
        pause_locked(row, reason)
    return {"paused": True}


def _bindings(change: Change) -> dict[str, Connection]:
    wanted: Mapping[str, Any] = change.content.get("bindings", {})
    mine = Connection.objects.filter(client_id=change.client_id or 0)
    rows = mine.in_bulk(list(wanted.values()))
    gone = [role for role, pk in wanted.items() if pk not in rows]
    if gone:
        raise ApplyFailed(f"The system for {', '.join(gone)} is not there any more.")
    return {role: rows[pk] for role, pk in wanted.items()}


def _signed(change: Change) -> dict[str, object]:
    names = ("blueprint", "blueprint_version", "bindings", "overrides", "priority")
    return {name: change.content[name] for name in names}


def _lines(blueprint: str, version: object, content: Mapping[str, Any]) -> list[str]:
    ids = list(content["bindings"].values())
    names = dict(Connection.objects.filter(pk__in=ids).values_list("pk", "name"))
    named = Blueprint.objects.filter(slug=blueprint).values_list("name", flat=True).first()
    found = [f"blueprint {named or blueprint}, version {version}"]
    systems = sorted(content["bindings"].items())
    found += [f"{owner_words(role)}: {names.get(pk, pk)}" for role, pk in systems]
    given = sorted(content["overrides"].items())
    return found + [f"{plain(name)}: {told(value)}" for name, value in given]


def _diff(change: Change) -> list[DiffLine]:
    known, content = _workflow(change.target_id), change.content
    if content.get("paused"):
        return [DiffLine("-", "It writes to the systems"), DiffLine("+", "It is paused")]
    before, was = [], dict[str, Any]()
    if known is not None and known.version is not None:
        now = {"bindings": known.bindings, "overrides": known.overrides}
        was = known.version.definition
        before = _lines(known.blueprint.slug, was.get("blueprint_version", ""), now)
    after = _lines(str(content["blueprint"]), content["blueprint_version"], content)
    gone = [DiffLine("-", one) for one in before if one not in after]
    lines = [*gone, *(DiffLine(" " if one in before else "+", one) for one in after)]
    becomes, reads = _becomes(known, change)
    lines += [DiffLine("+", one) for one in reads]
    return lines + differences(was, becomes)  # from nothing, all of its steps and gates come


def _becomes(known: Workflow | None, change: Change) -> tuple[Mapping[str, Any], list[str]]:
    """Return the definition that a change gives and what it newly reads, as far as it can be told
    now."""
    content: Mapping[str, Any] = change.content
    if known is not None and content.get("as_version"):
        found = known.versions.filter(number=content["as_version"]).first()
        return (found.definition if found else {}), []
    blueprint = Blueprint.objects.filter(slug=content["blueprint"]).first()
    if blueprint is None:
        return {}, []
    try:
        bindings, find = _bindings(change), partners_mappings()
        made = foreseen_definition(find, blueprint, bindings, content["overrides"])
    except (ValidationError, ApplyFailed):
        return {}, []  # applying says what is missing
    return made, new_reads(find, blueprint, bindings)


def _risk(change: Change) -> Risk:
    if change.content.get("paused"):
        return Risk(notes=("What comes in meanwhile waits, in order.",))
    content: Mapping[str, Any] = change.content
    blueprint = Blueprint.objects.filter(slug=content["blueprint"]).first()
    known = _workflow(change.target_id)
    # What it did before counts, too: taking the billing out of one is of money.
    shapes = [blueprint.definition if blueprint else {}]
    shapes += [known.version.definition] if known and known.version else []
    money = any(writes_money(shape) for shape in shapes)
    notes = [in_words("It writes into the client's systems.")]
    if money:
        notes.append("It writes amounts: what is billed may come out differently.")
    if first := content.get("after_request"):
        notes.append(f"Request {first} brings the mappings that it needs, and is decided first.")
    let_go: Mapping[str, object] = content.get("let_go", {})
    notes += [
        in_words("The client's own “%s” ends: the new version has no place for it.") % plain(name)
        for name in sorted(let_go)
    ]
    return Risk(touches_money=money, notes=tuple(notes))


def writes_money(definition: Mapping[str, Any]) -> bool:
    """Say whether what starts a workflow has amounts go into a client's books."""
    events = definition.get("trigger", {}).get("events", [])
    return any(str(one).startswith(_OF_MONEY) for one in events)


def _base(target_id: str) -> str:
    known = _workflow(target_id)
    return str(known.version.number) if known and known.version else ""


def _snapshot(target_id: str) -> Mapping[str, object]:
    known = _workflow(target_id)
    if known is None or known.version is None:
        return {}
    return {
        "number": known.version.number,
        "blueprint": known.blueprint.slug,
        "blueprint_version": known.version.definition.get("blueprint_version"),
        "bindings": known.bindings,
        "overrides": known.overrides,
        "priority": known.priority,
        "name": known.name,
    }


def _revert(change: Change) -> Mapping[str, object] | None:
    """An installation is taken back by pausing it: what it wrote stays to be looked at."""
    before: Mapping[str, Any] = change.before or {}
    if change.content.get("paused"):
        return None
    if not before.get("number"):
        return {"paused": True}
    names = ("blueprint", "blueprint_version", "name", "bindings", "overrides", "priority")
    return {**{name: before[name] for name in names}, "as_version": before["number"]}


WORKFLOW_CHANGE: Final = Applier(
    kind=KIND,
    label="Workflow",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=_revert,
    permission="workflows.manage",
)
