"""From business events to delivery rows, in the transaction that raised the events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.utils import timezone
from msgspec import Struct

from syncjobs.canonical_store import Incoming, Origin, Stored, ensure_places, lock, store
from syncjobs.cutoff import billing_cycle, cut_off_of
from syncjobs.engine.definition import Definition, Step
from syncjobs.engine.doorbell import touch
from syncjobs.engine.flows import Flow, active_flows
from syncjobs.engine.live import LiveMappings, Subject, derive
from syncjobs.engine.members import Making, replace_members, without_kept
from syncjobs.engine.objects import insert
from syncjobs.engine.queue import NewDelivery, delivered_versions, enqueue, open_records
from syncjobs.engine.release import lock_to_release, release_watchers
from syncjobs.engine.rows import fetch
from syncjobs.engine.runs import refresh_soon, resume_runs
from syncjobs.engine.world import load_by, load_paths, neighbourhood
from syncjobs.gates import Context, GateResult, evaluate, holds
from syncjobs.models import Run
from syncjobs.neighbours import Known, Neighbourhood, walk, watch_record
from syncjobs.state import RUN

SELF: Final = "self"


class Raised(Struct, frozen=True):
    """A business event and the record that raised it. event_id None: planned by hand."""

    type: str
    record: Known
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a plan is made; it becomes the runs' trigger and every row's correlation id.

    `run_id`: a run that is there already and takes every row. `told_by`: the connection from which
    the changes were just read.
    """

    client_id: int
    trigger: str
    correlation: str
    kind: str = Run.Kind.WORKFLOW
    actor: str = ""
    zone: str = "UTC"
    run_id: int | None = None
    told_by: int | None = None


@dataclass(slots=True)
class Planned:
    """What a plan came to: rows that are new, rows that got a newer version, runs, those of the
    rows with a newer version, and the (type, key) of derived records that changed."""

    new: int = 0
    renewed: int = 0
    run_ids: list[int] = field(default_factory=list)
    resumed: set[int] = field(default_factory=set)
    changed: list[tuple[str, str]] = field(default_factory=list)

    def finish(self, client_id: int, keys: Iterable[str] = ()) -> None:
        """Let go what waited for these watch keys and the derived records; ring for the rest.

        Call it last in the transaction: it takes locks that everybody wants.
        """
        watched = [*keys, *(watch_record(*changed) for changed in self.changed)]
        release_watchers(client_id, watched)
        if self.run_ids or self.resumed:
            if not watched:
                lock_to_release()
            resume_runs(self.resumed)
            refresh_soon(self.run_ids)
        if self.new or self.renewed or self.resumed:
            touch()


@dataclass(slots=True)
class _Work:
    """One flow's planning: what each cause's steps became, step name → delivery ids."""

    flow: Flow
    cause: Cause
    world: Neighbourhood
    variables: dict[int, dict[str, object]]
    events: dict[int, int | None]
    done: dict[int, dict[str, list[int]]]
    result: Planned
    mappings: LiveMappings


def plan(raised: Sequence[Raised], cause: Cause, flows: Sequence[Flow] | None = None) -> Planned:
    """Plan every delivery that these events call for, in the caller's transaction.

    Call `finish` of the answer at the transaction's end. A row that is still open for the same
    record, step and target takes the newer version instead of a second row being made.
    """
    result = Planned()
    for flow in flows if flows is not None else active_flows(cause.client_id):
        origins = _origins(flow.definition, raised)
        if origins:
            _plan_flow(flow, origins, cause, result)
    return result


def _origins(definition: Definition, raised: Sequence[Raised]) -> dict[int, Raised]:
    """Return the records that start the flow, each once (its last event wins)."""
    return {one.record.id: one for one in raised if one.type in definition.events}


def _plan_flow(flow: Flow, origins: dict[int, Raised], cause: Cause, result: Planned) -> None:
    world = neighbourhood(cause.client_id, [one.record for one in origins.values()])
    records = _matching(flow, [one.record for one in origins.values()], world, cause)
    if not records:
        return
    run, is_new = _run_of(flow, cause)
    work = _Work(
        flow=flow,
        cause=cause,
        world=world,
        variables=_inputs(flow.definition, records, world, cause),
        events={id_: one.event_id for id_, one in origins.items()},
        done={one.id: {} for one in records},
        result=result,
        mappings=LiveMappings(cause.client_id),
    )
    new = renewed = 0
    for step in flow.definition.steps:
        made, kept = _plan_step(work, step, records, run)
        new, renewed = new + made, renewed + kept
    if new:
        result.run_ids.append(run.pk)
    elif is_new:
        # Everything went to rows of earlier runs: this one has nothing of its own to tell.
        run.delete()
    result.new += new
    result.renewed += renewed


def _run_of(flow: Flow, cause: Cause) -> tuple[Run, bool]:
    """Return the run of this cause, and whether it is new: all pages of a reading share one. What
    comes after a person gave a run up is no part of it: they could not give that up as well.
    """
    if cause.run_id is not None:
        return Run.objects.get(pk=cause.run_id), False
    params = {
        "workflow": flow.workflow_id,
        "correlation": cause.correlation,
        "kind": str(cause.kind),
        "given_up": RUN.target("cancel"),
    }
    for (id_,) in fetch(_LATEST_RUN, params):
        return Run(pk=id_), False
    made = Run(
        client_id=cause.client_id,
        kind=cause.kind,
        trigger=cause.trigger,
        workflow_id=flow.workflow_id,
        workflow_version_id=flow.version_id,
        actor=cause.actor,
        correlation=cause.correlation,
    )
    return insert(made), True


def _matching(flow: Flow, records: list[Known], world: Neighbourhood, cause: Cause) -> list[Known]:
    conditions = flow.definition.when
    if not conditions:
        return records
    paths = [str(one["path"]) for one in conditions]
    load_paths(world, cause.client_id, [(one, paths) for one in records])
    return [
        one for one in records if holds(conditions, Context(one, one, flow.definition.roles, world))
    ]


def _inputs(
    definition: Definition, records: list[Known], world: Neighbourhood, cause: Cause
) -> dict[int, dict[str, object]]:
    """Return record id → the mappings' inputs, after asking which gates put its billing off."""
    gates = definition.cycle_gates
    if not gates:
        return {one.id: _variables(definition, one, cause) for one in records}
    contexts = {one.id: Context(one, one, definition.roles, world) for one in records}

    def ask(record: Known) -> list[GateResult]:
        return [evaluate(gate, contexts[record.id]) for gate in gates]

    load_by(world, cause.client_id, lambda: [ask(one) for one in records])
    return {one.id: _variables(definition, one, cause, ask(one)) for one in records}


def _variables(
    definition: Definition, record: Known, cause: Cause, asked: Sequence[GateResult] = ()
) -> dict[str, object]:
    """Return the mapping's inputs that planning decides: the billing cycle, above all."""
    cycle = definition.cycle
    if cycle is None:
        return {}
    on = record.data.get(str(cycle.get("date", "date")))
    if not isinstance(on, str) or not on:
        return {}
    approved = record.data.get(str(cycle.get("approved_at", "approved_at")))
    moment = datetime.fromisoformat(approved) if isinstance(approved, str) else timezone.now()
    rule = cycle.get("rule")
    entity = str(record.data.get(str(cycle.get("entity", "entity"))) or "")
    missing = [text for one in asked if not one.passed for text in one.missing]
    found = billing_cycle(
        date.fromisoformat(on[:10]),
        moment if moment.tzinfo else timezone.make_aware(moment),
        cut_off_of(rule if isinstance(rule, Mapping) else {}, entity=entity, zone=cause.zone),
        is_put_off=bool(missing),
    )
    put_off = {"put_off_by": "; ".join(missing)} if missing else {}
    return {
        **put_off,
        "period": found.period,
        "original_period": found.original_period,
        "late": found.late,
        "cut_off": found.closed_at.isoformat(),
        "cut_off_rule": found.rule,
    }


def _plan_step(work: _Work, step: Step, origins: list[Known], run: Run) -> tuple[int, int]:
    targets = _targets(work, step, origins)
    targets = _where(work, step, targets)
    targets = _not_back(work, step, targets)
    targets = _not_there_yet(step, targets)
    rows = _rows(work, step, targets)
    if not rows:
        return 0, 0
    queued = enqueue(rows, work.flow, step, work.cause, run.pk)
    work.result.resumed |= queued.others
    for origin, record in targets:
        work.done[origin.id].setdefault(step.name, []).append(queued.ids[record.id])
    return queued.new, queued.renewed


def _targets(work: _Work, step: Step, origins: list[Known]) -> list[tuple[Known, Known]]:
    """Return (origin, record to write) pairs."""
    if step.derive is not None:
        return _derived(work, step, origins)
    client_id = work.cause.client_id
    ways = [(one, step.path_from(one.type)) for one in origins]
    own = [(one, one) for one, path in ways if path == SELF]
    others = [(one, path) for one, path in ways if path and path != SELF]
    load_paths(work.world, client_id, [(one, [path]) for one, path in others])
    found = [(one, walk(one, path, work.world).target) for one, path in others]
    places = ensure_places(client_id, [target for _, target in found if target])
    return own + [(one, places[target]) for one, target in found if target]


def _derived(work: _Work, step: Step, origins: list[Known]) -> list[tuple[Known, Known]]:
    """Make the step's records out of their causes and store them like any other.

    Where that is not possible yet, the cause itself stands in: its row is planned again when
    what is missing has come (`engine.replan`).
    """
    assert step.derive is not None
    client_id = work.cause.client_id
    load_paths(work.world, client_id, [(one, step.derive.related) for one in origins])
    live = work.mappings.get(step.derive.mapping)
    made: list[tuple[Known, Incoming]] = []
    pairs: list[tuple[Known, Known]] = []
    keys: dict[int, list[str]] = {}
    for origin in origins:
        subject = Subject(origin, origin, step.derive.related, work.variables[origin.id])
        records = derive(step.derive, live, subject, work.world).records
        if records is None:
            pairs.append((origin, origin))
        else:
            made += [(origin, one) for one in records]
            keys[origin.id] = [one.key for one in records]
    several = live is not None and live.compiled.makes_several
    making = Making(client_id, work.flow.workflow_id, step.derive.mapping)
    gone = replace_members(making, step.derive.object, keys) if several else []
    new, locked = [one for _, one in made], None
    if gone:
        locked = lock(client_id, [*new, *gone])
        gone = without_kept(making, gone, [one.type for one in origins])
    origin_of_all = Origin(client_id, None, None, work.cause.correlation)
    stored = store([*new, *gone], origin_of_all, locked)
    # The last of several causes holds the merged content; all of them point to that one row.
    latest = {one.id: one.known for one in stored}
    work.world.add(latest.values())
    work.result.changed += [(one.type, one.key) for one in _changed(stored)]
    return pairs + [
        (origin, latest[one.id]) for (origin, _), one in zip(made, stored, strict=False)
    ]


def _changed(stored: Sequence[Stored]) -> list[Known]:
    return [one.known for one in stored if one.is_changed]


def _where(
    work: _Work, step: Step, targets: list[tuple[Known, Known]]
) -> list[tuple[Known, Known]]:
    if not step.when:
        return targets
    paths = [str(one["path"]) for one in step.when]
    own = [path for path in paths if not path.startswith("origin.")]
    causes = [path.removeprefix("origin.") for path in paths if path.startswith("origin.")]
    client_id = work.cause.client_id
    load_paths(work.world, client_id, [(record, own) for _, record in targets])
    load_paths(work.world, client_id, [(origin, causes) for origin, _ in targets])
    roles = work.flow.definition.roles
    return [
        (origin, record)
        for origin, record in targets
        if holds(step.when, Context(record, origin, roles, work.world))
    ]


def _not_back(
    work: _Work, step: Step, targets: list[tuple[Known, Known]]
) -> list[tuple[Known, Known]]:
    """Leave out what the target has just told of; a row that is open still learns of it."""
    if not step.not_back or work.cause.told_by != step.connection_id:
        return targets
    told = [record.id for origin, record in targets if origin.id == record.id]
    open_ = open_records(work.flow, step, told)
    return [pair for pair in targets if pair[0].id != pair[1].id or pair[1].id in open_]


def _not_there_yet(step: Step, targets: list[tuple[Known, Known]]) -> list[tuple[Known, Known]]:
    """Leave out shared records (a customer, an invoice's head) that are there in this version."""
    if step.path_from("*") == SELF or step.mode == "action" or step.collect:
        return targets
    # A cause that stands in for its derivation is never there: it has no version of its own.
    there = delivered_versions(step, [record.id for _, record in targets])
    return [pair for pair in targets if there.get(pair[1].id, -1) < pair[1].version]


def _rows(work: _Work, step: Step, targets: list[tuple[Known, Known]]) -> list[NewDelivery]:
    """One row for each record, after every delivery that any of its causes needs first."""
    rows: dict[int, NewDelivery] = {}
    for origin, record in targets:
        done = work.done[origin.id]
        before = [id_ for name in step.after for id_ in done.get(name, ())]
        row = rows.setdefault(
            record.id,
            NewDelivery(
                record_id=record.id,
                origin_id=origin.id,
                record_version=record.version,
                event_id=work.events[origin.id],
                variables=work.variables[origin.id],
            ),
        )
        row.after.update(dict.fromkeys(before))
    return list(rows.values())


_LATEST_RUN: Final = """
    SELECT id FROM (
        SELECT id, correlation, kind, state FROM syncjobs_run
        WHERE workflow_id = %(workflow)s ORDER BY id DESC LIMIT 5) latest
    WHERE correlation = %(correlation)s AND kind = %(kind)s AND state <> %(given_up)s
    ORDER BY id DESC LIMIT 1
"""
