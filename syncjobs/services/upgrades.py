"""Newer versions of a blueprint for the workflows that were installed from an older one.

Nothing moves by itself: each is a change request like any other change of a workflow, which keeps
the client's own values at extension points. One whose point is gone is named, and somebody has to
let it go in so many words.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import (
    BooleanField,
    CharField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from governance.actors import Actor
from governance.appliers import DiffLine
from governance.errors import Refusal
from governance.models import Change, ChangeRequest
from governance.state import OPEN
from syncjobs.definition_words import moves, plain, told
from syncjobs.engine.definition import DefinitionError, parse_definition
from syncjobs.intake.reading import roles_of as kinds_of
from syncjobs.models import Blueprint, Connection, Workflow
from syncjobs.services.blueprints import (
    Find,
    foreseen_definition,
    mappings_of,
    needed_roles,
    new_reads,
    partners_mappings,
    roles_of,
)
from syncjobs.services.newer_mappings import (
    NewerMapping,
    newer_mappings,
    propose_newer_mappings,
)
from syncjobs.services.workflow_changes import Wanted, propose_workflow_change
from syncjobs.services.workflows import KIND
from tenants.nouns import in_words

ARCHIVED = "archived"
AT_ONCE: Final = 50


@dataclass(frozen=True)
class Upgrade:
    """What a newer version of its blueprint does to a workflow.

    lines: what goes and what comes. kept: the client's own values that stay, in words.
    gone: those that have no place any more, by name. lacking: roles without a system yet;
    optional: those that it can do without.
    problem: why it cannot be shown or proposed as it is, "" when it can.
    """

    workflow: Workflow
    used: int
    offered: int
    lines: list[DiffLine] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)
    request: int | None = None
    problem: str = ""
    optional: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """How somebody wants an upgrade. let_go: the client's own values that may end. systems:
    connections for roles that the older version did not have."""

    reason: str
    let_go: Collection[str] = ()
    systems: Mapping[str, Connection] = field(default_factory=dict)
    with_mappings: bool = True


@dataclass(frozen=True)
class Proposed:
    """What came of asking for all: the requests, and which workflows were left, and why.

    waiting: for how many it was asked already. to_go: how many were not looked at yet, since as
    many as one call takes were asked for; the same call again goes on there.
    """

    requests: list[ChangeRequest]
    left: list[tuple[Workflow, str]]
    mappings: ChangeRequest | None = None
    waiting: int = 0
    to_go: int = 0


def with_versions(rows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Add to workflows the blueprint's version that they `uses`, whether that `is_behind` its
    newest, and the open change request that concerns them (`asked`)."""
    open_ = Change.objects.filter(
        kind=KIND,
        target_id=Cast(OuterRef("pk"), CharField()),
        request__status__in=sorted(OPEN),
    ).order_by("-request_id")
    text = KeyTextTransform("blueprint_version", "version__definition")
    uses = Cast(text, IntegerField())
    other = Q(uses__isnull=False) & ~Q(uses=F("blueprint__version")) & ~Q(state=ARCHIVED)
    return rows.annotate(uses=uses).annotate(
        is_behind=ExpressionWrapper(other, output_field=BooleanField()),
        asked=Subquery(open_.values("request_id")[:1]),
    )


def behind(rows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Return the workflows that use another version of their blueprint than its newest."""
    return with_versions(rows).filter(is_behind=True)  # type: ignore[misc]  # annotated


def used_version(workflow: Workflow) -> int | None:
    """Return the blueprint's version that a workflow was made from, None where it has none."""
    definition = workflow.version.definition if workflow.version else {}
    found = definition.get("blueprint_version")
    return found if isinstance(found, int) else None


def has_upgrade(workflow: Workflow) -> bool:
    """Say whether its blueprint is here in another version than the workflow uses."""
    used = used_version(workflow)
    return used not in (None, workflow.blueprint.version) and workflow.state != ARCHIVED


def upgrade_of(
    workflow: Workflow, systems: Mapping[str, Connection] | None = None, find: Find | None = None
) -> Upgrade | None:
    """Return what the blueprint's newest version does to a workflow, None where it is up to date.

    systems: for roles that it has none for. find: `partners_mappings()`, where many are asked.
    """
    if not has_upgrade(workflow):
        return None
    used, blueprint = used_version(workflow) or 0, workflow.blueprint
    points: Mapping[str, Any] = blueprint.definition.get("extension_points", {})
    own = {name: one for name, one in workflow.overrides.items() if name in points}
    told_gone = {
        name: told(one) for name, one in sorted(workflow.overrides.items()) if name not in points
    }
    bindings = _bindings(workflow, systems or {})
    open_roles = [role for role in roles_of(blueprint.definition) if role not in bindings]
    needed = needed_roles(blueprint.definition)
    kept = [_kept(points[name], name, own[name]) for name in sorted(own)]
    lacking = [role for role in open_roles if role in needed]
    optional = [role for role in open_roles if role not in needed]
    lines, problem = _moves(workflow, bindings, own, find or partners_mappings())
    return Upgrade(
        workflow, used, blueprint.version, lines, kept, told_gone, lacking,
        _open_request(workflow), "" if lacking else problem, optional,
    )  # fmt: skip


def _moves(
    workflow: Workflow, bindings: Mapping[str, Connection], own: Mapping[str, object], find: Find
) -> tuple[list[DiffLine], str]:
    try:
        definition = foreseen_definition(find, workflow.blueprint, bindings, own)
        parse_definition(definition)
    except (ValidationError, DefinitionError) as error:
        said = error.messages if isinstance(error, ValidationError) else [str(error)]
        return [], " ".join(said)
    lines = moves(workflow.version.definition if workflow.version else {}, definition)
    reads = new_reads(find, workflow.blueprint, bindings)
    return [*lines, *(DiffLine("+", one) for one in reads)], ""


def _bindings(workflow: Workflow, systems: Mapping[str, Connection]) -> dict[str, Connection]:
    """Return the systems of the roles that the newest version has: the workflow's, and new ones
    for what it had none."""
    mine = Connection.objects.filter(client_id=workflow.client_id)
    rows = mine.in_bulk(list(workflow.bindings.values()))
    own = {role: rows[pk] for role, pk in workflow.bindings.items() if pk in rows}
    new = [role for role in roles_of(workflow.blueprint.definition) if role not in own]
    return {**own, **{role: systems[role] for role in new if role in systems}}


def fitting(workflow: Workflow, role: str) -> list[Connection]:
    """Return the client's systems that can play a role."""
    systems = workflow.client.connections.order_by("name")
    return [one for one in systems if role in kinds_of(one)]


def _kept(point: Mapping[str, Any], name: str, value: object) -> str:
    """Say which own value stays, and which gates of the blueprint's it does without."""
    label = point.get("label") or plain(name)
    lacks = [gate for gate in _gates(point.get("default")) if gate not in _gates(value)]
    if not lacks:
        return f"{label}: stays as it is"
    return f"{label}: stays as it is, without the blueprint's {', '.join(lacks)}"


def _gates(value: object) -> list[str]:
    listed = value if isinstance(value, list) else []
    named = [one for one in listed if isinstance(one, dict) and "require" in one]
    return [str(one.get("label") or plain(one.get("name"))) for one in named]


def _open_request(workflow: Workflow) -> int | None:
    rows = Change.objects.filter(
        kind=KIND, target_id=str(workflow.pk), request__status__in=sorted(OPEN)
    )
    return rows.order_by("-request_id").values_list("request_id", flat=True).first()


def mappings_for(blueprint: Blueprint, workflows: Iterable[Workflow]) -> list[NewerMapping]:
    """Return the newer shipped mappings that a blueprint uses in these workflows' systems."""
    shown = list(workflows)
    ids = {pk for one in shown for pk in one.bindings.values()}
    rows = Connection.objects.in_bulk(ids)
    named: set[tuple[str, str]] = set()
    for one in shown:
        bound = {role: rows[pk] for role, pk in one.bindings.items() if pk in rows}
        named |= mappings_of(blueprint.definition, bound)
    return newer_mappings(named)


@transaction.atomic
def propose_upgrade(actor: Actor, workflow: Workflow, asked: Asked) -> ChangeRequest:
    """Ask for a workflow to take its blueprint's newest version.

    Newer mappings that it needs are asked for first, by a request of the partner's own. Raises
    NotPermitted, ValidationError naming what has to be said or mended first, governance's
    refusals.
    """
    row = _locked(actor, workflow)
    mappings = _mappings_first(actor, row.blueprint, [row], asked)
    return _propose(actor, row, asked, mappings)


@transaction.atomic
def propose_upgrades(actor: Actor, blueprint: Blueprint, asked: Asked) -> Proposed:
    """Ask for the same of the workflows of a blueprint, each by a request of its own, since each
    client signs its own. One that somebody has to be asked about is left, with why.

    One call asks for `AT_ONCE` at most, so that it ends in seconds and holds no row for longer;
    the same call again goes on with the rest and asks for none twice.
    """
    actor.require("workflows.manage", None)
    rows = behind(Workflow.objects.filter(blueprint=blueprint)).order_by("client__name", "name")
    older = list(rows.select_related("client", "blueprint", "version"))
    if not older:
        raise ValidationError(in_words("No workflow of this blueprint uses an older version."))
    free = [one for one in older if one.asked is None]  # type: ignore[attr-defined]  # annotated
    mappings = _mappings_first(actor, blueprint, free, asked) if free else None
    requests: list[ChangeRequest] = []
    left: list[tuple[Workflow, str]] = []
    for one in free:
        if len(requests) == AT_ONCE:
            break
        try:
            with transaction.atomic():
                requests.append(_propose(actor, _locked(actor, one), asked, mappings))
        except ValidationError as error:
            left.append((one, " ".join(error.messages)))
        except Refusal as error:
            left.append((one, str(error)))
    first = mappings if isinstance(mappings, ChangeRequest) else None
    to_go = len(free) - len(requests) - len(left)
    return Proposed(requests, left, first, waiting=len(older) - len(free), to_go=to_go)


def _locked(actor: Actor, workflow: Workflow) -> Workflow:
    actor.require("workflows.manage", workflow.client_id)
    rows = Workflow.objects.select_for_update(of=("self",))
    return rows.select_related("client", "blueprint", "version").get(pk=workflow.pk)


def _mappings_first(
    actor: Actor, blueprint: Blueprint, workflows: Collection[Workflow], asked: Asked
) -> ChangeRequest | None:
    """Return the request for the newer mappings: a new one, or the one that is open."""
    if not asked.with_mappings:
        return None
    newer = mappings_for(blueprint, workflows)
    due = [one for one in newer if one.is_due]
    if due:
        title = f"Newer mappings of {blueprint.name}"
        return propose_newer_mappings(actor, due, title=title, reason=asked.reason)
    open_ = [one.request for one in newer if one.request is not None and not one.is_edited]
    return ChangeRequest.objects.filter(pk__in=open_).order_by("-pk").first()


def _propose(
    actor: Actor, workflow: Workflow, asked: Asked, mappings: ChangeRequest | None
) -> ChangeRequest:
    found = upgrade_of(workflow, asked.systems)
    if found is None:
        raise ValidationError("It uses the newest version already.")
    _refuse_unclear(found, asked)
    points = workflow.blueprint.definition.get("extension_points", {})
    wanted = Wanted(
        workflow.name,
        _bindings(workflow, asked.systems),
        {name: one for name, one in workflow.overrides.items() if name in points},
        workflow.priority,
        let_go={name: workflow.overrides[name] for name in found.gone},
        after_request=mappings.pk if mappings else None,
    )
    title = f"Upgrade {workflow.name} of {workflow.client.name} to version {found.offered}"
    return propose_workflow_change(actor, workflow, wanted, reason=asked.reason, title=title)


def _refuse_unclear(found: Upgrade, asked: Asked) -> None:
    """Raise ValidationError for what a person has to say or do first."""
    if found.request is not None:
        raise ValidationError(f"Change request {found.request} for it waits to be decided.")
    unsaid = [name for name in found.gone if name not in asked.let_go]
    if unsaid:
        names = ", ".join(plain(name) for name in unsaid)
        said = in_words("The new version has no place for the client's own values")
        raise ValidationError(f"{said}: {names}. Say that they may end, or keep this version.")
    if found.lacking:
        raise ValidationError(f"Choose a connection for: {', '.join(found.lacking)}.")
    if found.problem:
        raise ValidationError(found.problem)
