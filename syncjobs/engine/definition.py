"""A workflow's definition, read from its data. Pure. The shape is in docs/engine.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncjobs.events import EVENTS, is_withdrawn, withdrawals
from syncjobs.gates import (
    COMPARED,
    NEXT_CYCLE,
    GateError,
    check_gate,
    compares,
    paths_of,
    then_of,
)

MODES: Final = frozenset({"create", "update", "upsert", "match", "action"})

# What becomes of later steps when one needs a person.
WAIT, GO_ON = "wait", "go_on"
MOST_TRIES: Final = 40

Condition = Mapping[str, object]


class DefinitionError(ValueError):
    """A definition is wrong; the message names the step and what to mend."""


@dataclass(frozen=True, slots=True)
class Derive:
    """A record made from the cause by a canonical → canonical mapping.

    `fill_only`: fields that it sets only where the record has nothing. `related`: paths from
    the cause whose records the mapping sees beside it.
    """

    object: str
    mapping: str
    fill_only: frozenset[str]
    related: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """A list for the mapping: records of `type` whose `field` is the record's `equals`.

    `where`: (field, values) that they must have. The last by `latest_by` is given apart.
    """

    name: str
    type: str
    field: str
    equals: str
    where_field: str
    where_values: tuple[str, ...]
    latest_by: str


@dataclass(frozen=True, slots=True)
class Step:
    """One write: which record, into which system's object, through which mapping.

    `record`: "self", or a path of references such as "project.customer". `related`: paths whose
    records the mapping sees beside the record. `when`: conditions, else the step is left out.
    A path may differ by the cause's type (invoice, payment). `match`: ask the target for our
    key before the first create; in mode "match" it is only looked for and never made. `collect`:
    lists of records that point to this one. `tries`: after how many it fails, 0 for as many as its
    error's class has. `on_failure`: whether later steps of the cause wait until somebody has dealt
    with it, or go on without it. `not_back`: not planned for what its own target has just told
    of, so that a system gets back only what others changed.
    `own_paths`, `cause_paths`: every path along which gates, conditions and the mapping may look
    from the record, and from its cause (without "origin.").
    """

    name: str
    label: str
    role: str
    record: Mapping[str, str]
    derive: Derive | None
    connection_id: int
    object: str
    mapping: str
    mode: str
    action: str
    match: bool
    after: tuple[str, ...]
    gates: tuple[Condition, ...]
    related: tuple[str, ...]
    when: tuple[Condition, ...]
    collect: tuple[Collect, ...]
    tries: int
    on_failure: str
    not_back: bool
    own_paths: tuple[str, ...]
    cause_paths: tuple[str, ...]

    def path_from(self, type_: str) -> str | None:
        """Return the path from a cause of this type to the record; None: it has none."""
        return self.record.get(type_) or self.record.get("*")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what is read, through which inbound mapping, and which of it
    counts. `where`: (field, values) of the canonical record.
    """

    where: tuple[tuple[str, tuple[object, ...]], ...]
    role: str
    connection_id: int
    object: str
    mapping: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Records of a source against the same ones of a target, by number and amount.

    `period`: the field whose year and month they are counted under. `cost`: whether the source's
    hours cost what their person costs, so that the period has a margin.
    """

    name: str
    label: str
    type: str
    source: Side
    target: Side
    period: str
    cost: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """What starts a workflow and what it does. `cycle`: how the billing cycle is found.

    `comparisons` are made by its schedule; a workflow has these, steps, or both. `own`: those of
    the conditions (`when`) that look at one field of the record itself, with its name.
    """

    events: frozenset[str]
    when: tuple[Condition, ...]
    cycle: Mapping[str, object] | None
    steps: tuple[Step, ...]
    comparisons: tuple[Comparison, ...] = ()
    own: tuple[tuple[str, Condition], ...] = ()

    def step(self, name: str) -> Step:
        """Return the step of that name. Raises KeyError."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def is_withdrawn(self, type_: str, data: Mapping[str, object], *, deleted: bool) -> bool:
        """Say whether the record that started this was taken back or deleted in its source, or
        is left out now by a condition on a field of its own. False where the events that start
        this cannot be taken back.
        """
        rules = withdrawals(self.events, type_)
        if not rules:
            return False
        if all(is_withdrawn(rule, data, deleted=deleted) for rule in rules):
            return True
        return not all(compares(data.get(name), one) for name, one in self.own)

    @property
    def cycle_gates(self) -> list[Condition]:
        """Return the gates that send to the next billing cycle, each once."""
        gates = [gate for step in self.steps for gate in step.gates]
        return list({str(one["name"]): one for one in gates if then_of(one) == NEXT_CYCLE}.values())

    @property
    def roles(self) -> dict[str, int]:
        """Return role → connection id."""
        return {step.role: step.connection_id for step in self.steps}


def parse_definition(data: Mapping[str, Any]) -> Definition:
    """Read and check a definition. Raises DefinitionError."""
    trigger = data.get("trigger")
    events = frozenset(trigger.get("events", ())) if isinstance(trigger, Mapping) else frozenset()
    comparisons = tuple(_comparison(one) for one in data.get("comparisons", ()))
    if not (events or comparisons) or not events <= frozenset(EVENTS):
        raise DefinitionError(f"The trigger needs events out of: {', '.join(EVENTS)}.")
    names: list[str] = []
    steps: list[Step] = []
    for one in data.get("steps", ()):
        step = _step(one, names)
        names.append(step.name)
        steps.append(step)
    if bool(events) != bool(steps):
        raise DefinitionError("A workflow needs at least one step, and events that start it.")
    when = tuple(trigger.get("when", ())) if isinstance(trigger, Mapping) else ()
    made = Definition(
        events=events,
        when=when,
        cycle=data.get("cycle"),
        steps=tuple(steps),
        comparisons=comparisons,
        own=tuple(
            (str(one["path"]), one)
            for one in when
            if one["op"] in COMPARED and "." not in str(one["path"])
        ),
    )
    if made.cycle_gates and made.cycle is None:
        raise DefinitionError(f"Gate {made.cycle_gates[0]['name']}: there is no billing cycle.")
    return made


def _comparison(data: Mapping[str, Any]) -> Comparison:
    name = str(data.get("name") or "(unnamed)")
    for needed in ("name", "type", "period", "source", "target"):
        if not data.get(needed):
            raise DefinitionError(f"Comparison {name}: {needed} is missing.")
    return Comparison(
        name=name,
        label=str(data.get("label") or name),
        type=data["type"],
        source=_side(name, data["source"]),
        target=_side(name, data["target"]),
        period=data["period"],
        cost=bool(data.get("cost")),
    )


def _side(name: str, data: Mapping[str, Any]) -> Side:
    for needed in ("role", "connection", "object", "mapping"):
        if not data.get(needed):
            raise DefinitionError(f"Comparison {name}: {needed} of a side is missing.")
    return Side(
        role=data["role"],
        connection_id=int(data["connection"]),
        object=data["object"],
        mapping=data["mapping"],
        where=tuple((field, tuple(values)) for field, values in data.get("where", {}).items()),
    )


def _step(data: Mapping[str, Any], earlier: Sequence[str]) -> Step:
    name = str(data.get("name") or "")
    if not name or name in earlier:
        raise DefinitionError(f"Step {name or '(unnamed)'}: names must be there and differ.")
    derive = data.get("derive")
    if bool(derive) == bool(data.get("record")):
        raise DefinitionError(f"Step {name}: give either a record or what it is derived with.")
    if data.get("mode", "upsert") not in MODES:
        raise DefinitionError(f"Step {name}: mode must be one of {', '.join(sorted(MODES))}.")
    if not set(data.get("after", ())) <= set(earlier):
        raise DefinitionError(f"Step {name}: it can only come after steps above it.")
    target = data.get("target") or {}
    for needed in ("role", "connection", "object"):
        if not target.get(needed):
            raise DefinitionError(f"Step {name}: the target's {needed} is missing.")
    if not data.get("mapping"):
        raise DefinitionError(f"Step {name}: mapping is missing.")
    gates = tuple(data.get("gates", ()))
    try:
        for gate in gates:
            check_gate(gate)
    except GateError as error:
        raise DefinitionError(f"Step {name}: {error}") from error
    related, when = tuple(data.get("related", ())), tuple(data.get("when", ()))
    own_paths, cause_paths = _looks(related, gates, when)
    return Step(
        name=name,
        label=str(data.get("label") or name),
        role=target["role"],
        record=_record(data.get("record")),
        derive=_derive(derive) if derive else None,
        connection_id=int(target["connection"]),
        object=target["object"],
        mapping=data["mapping"],
        mode=data.get("mode", "upsert"),
        action=data.get("action", ""),
        match=bool(data.get("match")) or data.get("mode") == "match",
        after=tuple(data.get("after", ())),
        gates=gates,
        related=related,
        when=when,
        collect=tuple(_collect(name, one) for name, one in data.get("collect", {}).items()),
        tries=_tries(name, data),
        on_failure=data.get("on_failure", WAIT),
        not_back=bool(data.get("not_back")),
        own_paths=own_paths,
        cause_paths=cause_paths,
    )


def _tries(name: str, data: Mapping[str, Any]) -> int:
    tries = data.get("tries", 0)
    if not isinstance(tries, int) or not 0 <= tries <= MOST_TRIES:
        raise DefinitionError(f"Step {name}: tries must be a number up to {MOST_TRIES}.")
    if data.get("on_failure", WAIT) not in (WAIT, GO_ON):
        raise DefinitionError(f"Step {name}: on_failure must be {WAIT} or {GO_ON}.")
    return tries


def _looks(
    related: Sequence[str], gates: Sequence[Condition], when: Sequence[Condition]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths from the record, and those from its cause."""
    gate_paths = [path for gate in gates for path in paths_of(gate)]
    paths = dict.fromkeys([*related, *gate_paths, *(str(one["path"]) for one in when)])
    own = [path for path in paths if not path.startswith("origin.")]
    causes = [path.removeprefix("origin.") for path in paths if path.startswith("origin.")]
    return tuple(own), tuple(causes)


def _record(data: str | Mapping[str, str] | None) -> dict[str, str]:
    if not data:
        return {}
    return {"*": data} if isinstance(data, str) else dict(data)


def _collect(name: str, data: Mapping[str, Any]) -> Collect:
    where = data.get("where") or {}
    return Collect(
        name=name,
        type=data["type"],
        field=data["field"],
        equals=data["equals"],
        where_field=where.get("field", ""),
        where_values=tuple(where.get("values", ())),
        latest_by=data.get("latest_by", ""),
    )


def _derive(data: Mapping[str, Any]) -> Derive:
    return Derive(
        object=data["object"],
        mapping=data["mapping"],
        fill_only=frozenset(data.get("fill_only", ())),
        related=tuple(data.get("related", ())),
    )
