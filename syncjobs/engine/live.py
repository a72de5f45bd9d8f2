"""The published mappings that a batch uses, and running them with the inputs that they want."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import Struct, field

from mappings.canonical import key_of
from mappings.canonical.custom import CustomFields
from mappings.compiled import compiled
from mappings.documents import Problem
from mappings.engine import CompiledMapping, Inputs, Mapped
from mappings.rules import VALUE_HELD
from mappings.services.custom_fields import custom_fields
from mappings.services.versions import live_version
from syncjobs.canonical_store import Incoming
from syncjobs.engine.definition import Derive
from syncjobs.engine.kept import kept, mark_of
from syncjobs.engine.rows import decode, fetch
from syncjobs.engine.sources import NONE, Sources
from syncjobs.neighbours import Known, Neighbourhood, walk, watch_live

REFERENCE_MISSING, REFERENCE_UNCLEAR = "reference_missing", "reference_unclear"
# What a live mapping is made of: which version is live, own fields, which tables are live.
_MARKS = f"""
    SELECT (SELECT {mark_of("m")} FROM mappings_mapping m WHERE m.slug = %(slug)s
            AND (m.client_id = %(client)s OR m.client_id IS NULL)),
        (SELECT {mark_of("f")} FROM mappings_customfield f),
        (SELECT {mark_of("t")} FROM mappings_valuemap t
            WHERE t.client_id = %(client)s OR t.client_id IS NULL)
"""  # noqa: S608  our own constants

# A client's own table of a name comes last, and stays.
_TABLES = """
    SELECT m.name, v.table FROM mappings_valuemap m
    JOIN mappings_valuemapversion v ON v.id = m.live_id
    WHERE m.client_id = %(client)s OR m.client_id IS NULL
    ORDER BY m.client_id NULLS FIRST
"""


@dataclass(frozen=True, slots=True)
class Live:
    """A mapping's published version, compiled. `makes`: the canonical object that it gives."""

    slug: str
    name: str
    version_id: int
    makes: str
    compiled: CompiledMapping
    values: Mapping[str, Mapping[str, object]]

    def key_of(self, data: Mapping[str, object]) -> str:
        """Return the natural key of a record that this mapping gave."""
        return key_of(self.makes, data)


class Result(Struct, frozen=True):
    """A mapped record, or why there is none.

    `missing`: (type, key) of records that the target does not have yet. `holds`: checks of the
    mapping that ask to wait. `warnings`: those that only say so.
    """

    data: dict[str, object] | None
    problems: Sequence[Problem] = ()
    missing: tuple[tuple[str, str], ...] = ()
    holds: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


class LiveMappings:
    """One client's published mappings; its own come before the partner's."""

    def __init__(self, client_id: int) -> None:
        self._client_id = client_id
        self._found: dict[str, Live | None] = {}

    def get(self, slug: str) -> Live | None:
        """Return the live version, None when nothing is published under this name."""
        if slug not in self._found:
            params = {"slug": slug, "client": self._client_id}
            ((mapping, fields, tables),) = fetch(_MARKS, params)
            at, mark = ("live", slug, self._client_id), f"{mapping}/{fields}/{tables}"
            self._found[slug] = kept(at, mark, lambda: self._load(slug, fields, tables))
        return self._found[slug]

    def _load(self, slug: str, fields: str, tables: str) -> Live | None:
        """`fields`, `tables`: the marks of the partner's own fields and of the value maps."""
        version = live_version(slug, self._client_id)
        if version is None:
            return None
        return Live(
            slug=slug,
            name=version.mapping.name,
            version_id=version.pk,
            makes=version.mapping.object_type,
            compiled=compiled(version, own_fields(fields)),
            values=kept(("value maps", self._client_id), tables, self._tables),
        )

    def _tables(self) -> Mapping[str, Mapping[str, object]]:
        rows = fetch(_TABLES, {"client": self._client_id})
        return {name: decode(table) for name, table in rows}


def own_fields(mark: str) -> CustomFields:
    """Return the partner's own fields. `mark`: of all of their rows."""
    return kept(("custom fields",), mark, custom_fields)


# --- inbound -------------------------------------------------------------------------------


def wanted_sources(live: Live, data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return (type, id in the source) of every record that this one refers to."""
    return live.compiled.reference_lookups(data)


class Taken(Struct, frozen=True):
    """What a source record becomes, by key, or why it becomes nothing. Neither: its list is empty.

    One that makes several is refused as a whole: what is not there any more must be certain.
    is_held: whether it waits for a value map or for what a check asks, and is not wrong.
    warnings: (key, what a check that only warns says of that record).
    """

    records: Mapping[str, dict[str, object]]
    problems: Sequence[Problem] = ()
    is_held: bool = False
    warnings: Sequence[tuple[str, Problem]] = ()


def map_in(live: Live, data: Mapping[str, object], sources: Sources = NONE) -> Taken:
    """Map a source record to canonical fields. `sources`: what its references point to."""
    inputs = Inputs(references=sources.keys, unclear=sources.unclear, values=live.values)
    return keyed(live, live.compiled.run_all(data, inputs=inputs))


def keyed(live: Live, results: Sequence[Mapped]) -> Taken:
    """Return the records of a mapping's results by key."""
    if len(results) == 1 and (data := results[0].data) is not None:
        _, _, warned, holds = results[0]
        # By far the most: one record of which there is nothing to tell.
        if not (warned or holds) and (key := live.key_of(data)):
            return Taken({key: data})
    records: dict[str, dict[str, object]] = {}
    warnings: list[tuple[str, Problem]] = []
    count = len(results)
    for number, mapped in enumerate(results, 1):
        if mapped.data is None or mapped.holds:
            wrong = mapped.problems or mapped.holds
            is_held = all(one.code == VALUE_HELD for one in mapped.problems)
            return Taken({}, [numbered(one, number, count) for one in wrong], is_held)
        key = live.key_of(mapped.data)
        if not key:
            problem = Problem("key", "The record has no number of its own.")
            return Taken({}, [numbered(problem, number, count)])
        records[key] = mapped.data
        if mapped.warnings:
            warnings += [(key, one) for one in mapped.warnings]
    return Taken(records, warnings=warnings)


def numbered(problem: Problem, number: int, count: int) -> Problem:
    """Return a problem that says which member of the list has it, where there are several."""
    if count < 2:
        return problem
    return replace(problem, message=f"{problem.message} (Number {number} of {count} in the list.)")


# --- outbound ------------------------------------------------------------------------------


class Subject(Struct, frozen=True):
    """A record as a mapping sees it: its fields, `origin.…`, `related.<path>.…`,
    `variables.…` and `collected.<name>`.

    In `related` the dots of a path are underscores: related.project_customer.name.
    """

    record: Known
    origin: Known
    related: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    collected: Mapping[str, object] = field(default_factory=dict)

    def data(self, world: Neighbourhood) -> dict[str, object]:
        """Return what the mapping's paths are read from."""
        return {
            **self.record.data,
            "origin": self.origin.data,
            "variables": self.variables,
            "collected": self.collected,
            "related": {
                path.replace(".", "_"): _end_of(self.record, path, world) for path in self.related
            },
        }


def _end_of(record: Known, path: str, world: Neighbourhood) -> Mapping[str, object]:
    target = walk(record, path, world).target
    found = world.record(*target) if target else None
    return found.data if found is not None and found.exists else {}


def wanted_references(live: Live, subject: Subject, world: Neighbourhood) -> list[tuple[str, str]]:
    """Return (type, key) of the records whose ids in the target the mapping will want."""
    return live.compiled.reference_lookups(subject.data(world))


class _IdsThere(Mapping[tuple[str, str], str]):
    """The ids of records in one system: (type, key) → id, as a batch has loaded them."""

    def __init__(self, world: Neighbourhood, connection_id: int) -> None:
        self._refs, self._connection = world.refs, connection_id

    def __getitem__(self, record: tuple[str, str]) -> str:
        found = self._refs.get((self._connection, *record))
        if found is None:
            raise KeyError(record)
        return found

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for (connection, type_, key), id_ in self._refs.items():
            if connection == self._connection and id_ is not None:
                yield type_, key

    def __len__(self) -> int:
        return sum(1 for _ in self)


def map_out(live: Live, subject: Subject, connection_id: int, world: Neighbourhood) -> Result:
    """Map a canonical record to a target's object; ids there come from `world`."""
    mapped = live.compiled.run(
        subject.data(world),
        inputs=Inputs(
            references=_IdsThere(world, connection_id),
            values=live.values,
            variables=subject.variables,
        ),
    )
    if not mapped.problems:
        return Result(mapped.data, (), (), mapped.holds, mapped.warnings)
    missing = tuple(
        (str(problem.detail["object_type"]), str(problem.detail["key"]))
        for problem in mapped.problems
        if problem.code == REFERENCE_MISSING and problem.detail is not None
    )
    return Result(mapped.data, mapped.problems, missing, mapped.holds, mapped.warnings)


# --- derived -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Derived:
    """Records made from another, or why they cannot be made (`waits_for`: until these come).

    records: None when they cannot; none when the list that they are made of is empty.
    """

    records: tuple[Incoming, ...] | None
    text: str = ""
    rule: str = ""
    target: str = ""
    waits_for: tuple[str, ...] = ()


def derive(rule: Derive, live: Live | None, subject: Subject, world: Neighbourhood) -> Derived:
    """Make the records that `rule` describes; their cause is `subject.origin`."""
    if live is None:
        return Derived(None, f"There is no published mapping {rule.mapping}.")
    inputs = Inputs(values=live.values, variables=subject.variables)
    taken = keyed(live, live.compiled.run_all(subject.data(world), inputs=inputs))
    for problem in taken.problems:
        waits_for = _missing(subject, world)
        if taken.is_held:
            waits_for = (*waits_for, *_held_until(live, subject, taken.problems))
        return Derived(None, problem.message, problem.rule, problem.target, waits_for)
    return Derived(
        tuple(
            Incoming(
                type=rule.object,
                key=key,
                data={name: value for name, value in data.items() if value is not None},
                mapping_version=live.version_id,
                fill_only=rule.fill_only,
            )
            for key, data in taken.records.items()
        )
    )


def _held_until(live: Live, subject: Subject, problems: Sequence[Problem]) -> tuple[str, ...]:
    """Return the watch keys of what lets a held record go: its cause, mapping or value map."""
    maps = sorted({value_map_of(one) for one in problems} - {""})
    own = (subject.record.watch_key, watch_live("mapping", live.slug))
    return (*own, *(watch_live("value_map", name) for name in maps))


def value_map_of(problem: Problem) -> str:
    """Return the value map that lacks an entry, "" for another problem."""
    return str((problem.detail or {}).get("value_map") or "")


def _missing(subject: Subject, world: Neighbourhood) -> tuple[str, ...]:
    """Return the watch keys of related records that are not there, or empty where they should
    lead on: what is missing in the derived record may come from them."""
    keys: dict[str, None] = {}
    for path in subject.related:
        walked = walk(subject.record, path, world)
        found = world.record(*walked.target) if walked.target else None
        if found is None or not found.exists:
            keys.update(dict.fromkeys(walked.seen))
    return tuple(keys)
