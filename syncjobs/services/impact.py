"""What a change of a workflow, of its gates above all, does to the latest records. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from msgspec.structs import replace as changed

from governance.actors import SYSTEM
from governance.impact import Assessment, Assessor, FieldLine, NotAssessable, Tried
from governance.models import Change
from mappings.canonical.custom import NONE
from mappings.engine import Mapped
from mappings.trying import (
    FAILING,
    HELD,
    LEFT,
    OUT,
    Ended,
    ended,
    lines_between,
    money_of,
    verdict,
)
from syncjobs.canonical_store import told_apart
from syncjobs.engine.definition import Definition, DefinitionError, Step, parse_definition
from syncjobs.engine.jobs import Job
from syncjobs.engine.live import LiveMappings, map_out, wanted_references
from syncjobs.engine.outgoing import CHECKS, subject_of
from syncjobs.engine.trials import currency_of, jobs_of, worlds_of
from syncjobs.engine.world import load_by, load_paths
from syncjobs.fingerprint import fingerprint
from syncjobs.gates import Context, evaluate, holds
from syncjobs.models import Blueprint, Connection, Delivery, Workflow
from syncjobs.neighbours import Neighbourhood
from syncjobs.services.blueprints import planned_definition
from syncjobs.services.workflows import KIND


@dataclass(frozen=True, slots=True)
class _Side:
    """A definition, old or new, as one batch of jobs is run through it."""

    definition: Definition
    steps: dict[str, Step]


def assess_definition(change: Change, changes: Sequence[Change], most: int) -> Assessment:
    """Try a workflow's definition on the records that it wrote last.

    The change's target is the workflow. Its content is {"definition": …} in the shape of
    docs/engine.md with all overrides applied, or what makes one: {"blueprint": slug,
    "bindings": role → connection id, "overrides": …}; {"paused": true} stops it.
    Raises NotAssessable.
    """
    rows = Workflow.objects.select_related("version", "client")
    workflow = rows.filter(pk=int(change.target_id)).first()
    if workflow is None or workflow.version is None:
        return _nothing("The workflow is new: there are no records yet to try it on.")
    if change.content.get("paused"):
        return _nothing("It is paused: what comes in meanwhile waits, in order.")
    new, old = _side(_wanted(change, workflow)), _side(workflow.version.definition)
    notes = [
        f"The step “{step.label}” is new: there are no records yet to try it on."
        for name, step in new.steps.items()
        if name not in old.steps
    ]
    return Assessment(most, _batches(workflow, old, new, most), notes)


def _nothing(note: str) -> Assessment:
    return Assessment(0, iter(()), [note])


def _wanted(change: Change, workflow: Workflow) -> object:
    """Return the proposed definition, made from its blueprint where only that is named."""
    content: Mapping[str, Any] = change.content
    if "definition" in content:
        return content["definition"]
    if "as_version" in content:
        back = workflow.versions.filter(number=content["as_version"]).first()
        return back.definition if back else {}
    blueprint = Blueprint.objects.filter(slug=content.get("blueprint")).first()
    if blueprint is None:
        raise NotAssessable("The blueprint is not there any more.")
    wanted: Mapping[str, int] = content.get("bindings", {})
    mine = Connection.objects.filter(client_id=workflow.client_id).in_bulk(list(wanted.values()))
    bindings = {role: mine[pk] for role, pk in wanted.items() if pk in mine}
    try:
        return planned_definition(SYSTEM, blueprint, bindings, content.get("overrides", {}))
    except ValidationError as error:
        raise NotAssessable(" ".join(error.messages)) from error
    except DatabaseError as error:
        raise NotAssessable("A mapping that it needs is not there yet.") from error


def _side(definition: Any) -> _Side:
    try:
        parsed = parse_definition(definition if isinstance(definition, dict) else {})
    except DefinitionError as error:
        raise NotAssessable(str(error)) from error
    return _Side(parsed, {step.name: step for step in parsed.steps})


def _batches(workflow: Workflow, old: _Side, new: _Side, most: int) -> Iterator[Sequence[Tried]]:
    rows = Delivery.objects.filter(workflow=workflow)
    for jobs in jobs_of(rows, most):
        tried: list[Tried] = []
        for client_id, own, world in worlds_of(jobs):
            mappings = LiveMappings(client_id)
            for side in (old, new):
                _look_around(world, client_id, own, side, mappings)
            tried += [_try(job, workflow, old, new, world, mappings) for job in own]
        yield tried


def _look_around(
    world: Neighbourhood, client_id: int, jobs: Sequence[Job], side: _Side, mappings: LiveMappings
) -> None:
    """Load what the conditions, gates and mappings of a side look at."""
    started = [str(one["path"]) for one in side.definition.when]
    load_paths(world, client_id, [(job.origin, started) for job in jobs])
    for job in jobs:
        step = side.steps.get(job.delivery.step)
        if step is not None:
            load_paths(world, client_id, [(job.record, step.own_paths)])

    def look() -> None:
        for job in jobs:
            step = side.steps.get(job.delivery.step)
            if step is None:
                continue
            context = Context(job.record, job.origin, side.definition.roles, world)
            holds(step.when, context)
            for gate in step.gates:
                evaluate(gate, context)
            live = mappings.get(step.mapping)
            if live is not None:
                moved = changed(job, step=step)
                for type_, key in wanted_references(live, subject_of(moved), world):
                    world.external_id(step.connection_id, type_, key)

    load_by(world, client_id, look)


def _try(
    job: Job,
    workflow: Workflow,
    old: _Side,
    new: _Side,
    world: Neighbourhood,
    mappings: LiveMappings,
) -> Tried:
    was = _end(job, old, world, mappings)
    now = _end(job, new, world, mappings)
    currency = currency_of(job, workflow.client.currency)
    made = verdict(was, now)
    lines = () if made == "same" else lines_between(was, now)
    if made == "changed" and LEFT in (was.state, now.state):
        lines = (FieldLine("Written", _word(was), _word(now)), *lines)
    return Tried(
        verdict=made,
        client_id=workflow.client_id,
        label=told_apart(job.record.data, job.record.key),
        what=job.step.label,
        before=money_of(was, currency, "", NONE),
        after=money_of(now, currency, "", NONE),
        lines=lines,
        note=now.why if made in ("failing", "held") else was.why,
        at=job.delivery.created_at,
    )


def _word(one: Ended) -> str:
    return "no" if one.state == LEFT else "yes"


def _end(job: Job, side: _Side, world: Neighbourhood, mappings: LiveMappings) -> Ended:
    """Return how a record ends under one definition: the order of `engine.prepare`."""
    step, roles = side.steps.get(job.delivery.step), side.definition.roles
    if step is None:
        return Ended(LEFT, why="The step is gone.")
    if not holds(side.definition.when, Context(job.origin, job.origin, roles, world)):
        return Ended(LEFT, why="The workflow would not start.")
    context = Context(job.record, job.origin, roles, world)
    if step.when and not holds(step.when, context):
        return Ended(LEFT, why="The step is not needed.")
    released = job.delivery.released_gates
    refused = [
        text
        for gate in step.gates
        if str(gate["name"]) not in released
        for text in evaluate(gate, context).missing
    ]
    if refused:
        return Ended(HELD, why=f"Missing: {'; '.join(dict.fromkeys(refused))}.")
    return _mapped(job, step, world, mappings)


def _mapped(job: Job, step: Step, world: Neighbourhood, mappings: LiveMappings) -> Ended:
    live = mappings.get(step.mapping)
    if live is None:
        return Ended(FAILING, why=f"There is no published mapping {step.mapping}.")
    moved = changed(job, step=step)
    result = map_out(live, subject_of(moved), step.connection_id, world)
    kept = () if CHECKS in job.delivery.released_gates else result.holds
    one = ended(Mapped(result.data, result.problems, (), kept))
    if one.state != OUT:
        return one
    # Another system or object is a change, even of equal content.
    return replace(one, data={**one.data, "Goes to": f"{step.role}, {step.object}"})


def _standing(change: Change) -> str:
    """The live mappings decide as well."""
    workflow = Workflow.objects.select_related("version").filter(pk=int(change.target_id)).first()
    if workflow is None or workflow.version is None:
        return ""
    mappings = LiveMappings(workflow.client_id)
    steps = workflow.version.definition.get("steps", [])
    slugs = sorted({str(one.get("mapping")) for one in steps})
    versions = {slug: live.version_id for slug in slugs if (live := mappings.get(slug))}
    return fingerprint([workflow.version.pk, versions])


DEFINITION_IMPACT: Final = Assessor(KIND, assess_definition, _standing)
