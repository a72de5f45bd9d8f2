"""What a document does with one record: the compiled code itself, watched. Writes nothing."""

from collections.abc import Mapping as Record
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db.models import F, Q

from mappings.canonical.custom import NONE, CustomFields
from mappings.documents import MappingError, Problem, rules_of
from mappings.engine import CompiledMapping, Inputs, Mapped, RuleTrace, compile_mapping
from mappings.models import Mapping, ValueMap
from mappings.own_maps import own_maps_in
from mappings.sample_rows import BadSample
from mappings.sample_rows import read_object as read_sample
from mappings.services.checking import problems_of, value_maps_for
from mappings.services.custom_fields import custom_fields

__all__ = ["BadSample", "Entries", "Preview", "preview", "preview_for", "read_sample"]

# Entries that somebody writes and that are not live yet: value map → word → what it becomes.
Entries = Record[str, Record[str, str]]
NO_ENTRIES: Entries = {}


@dataclass(frozen=True, slots=True)
class Around:
    """What a mapping has around it: the partner's fields, the value maps that it can use."""

    custom: CustomFields
    value_maps: Record[str, ValueMap]


def around(mapping: Mapping) -> Around:
    """Read what a mapping has around it, once for everything that is tried at a time."""
    return Around(custom_fields(), value_maps_for(mapping))


@dataclass(frozen=True, slots=True)
class Preview:
    """rows: one per rule. data: the result, None when something stopped it.

    several: whether it makes several records; results: of each of these. rows and data are those
    of number `part`: the first that fails, else the first. faults: what is wrong with the
    document; then there are no rows. problems: what stopped the sample. holds, warnings: checks
    of the mapping that failed and stop nothing by now.
    """

    rows: list[RuleTrace] = field(default_factory=list)
    data: dict[str, object] | None = None
    faults: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    holds: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    several: bool = False
    results: Sequence[Mapped] = ()
    part: int = 1

    @property
    def is_refused(self) -> bool:
        """Whether the sample does not come through; an empty list makes nothing and is none."""
        is_empty = self.several and not self.results and not self.faults
        return self.data is None and not is_empty


def preview(
    document: Record[str, object],
    sample: Record[str, object],
    *,
    object_type: str = "",
    source_type: str = "",
    inputs: Inputs | None = None,
    custom: CustomFields = NONE,
) -> Preview:
    """Run a document on a sample, field by field. Never raises for what the two hold.

    Without `inputs`, references stand for themselves, so that a preview needs no system.
    """
    try:
        mapping = compile_mapping(
            document, object_type=object_type, source_type=source_type, custom=custom
        )
    except MappingError as error:
        return Preview(faults=error.problems)
    given = inputs or inputs_for(mapping, sample, {})
    results = mapping.run_all(sample, inputs=given)
    failing = (number for number, one in enumerate(results, 1) if one.data is None)
    part = next(failing, 1)
    result = results[part - 1] if results else Mapped(None)
    rows = mapping.explain(sample, inputs=given, part=part)
    return Preview(
        rows=_with_faults(rows, list(result.problems)),
        data=result.data,
        problems=list(result.problems),
        holds=list(result.holds),
        warnings=list(result.warnings),
        several=mapping.makes_several,
        results=results,
        part=part,
    )


def preview_for(
    mapping: Mapping,
    document: Record[str, object],
    sample: Record[str, object],
    entries: Entries = NO_ENTRIES,
    beside: Around | None = None,
) -> Preview:
    """Run a document as `mapping` would run it, with its value maps. Never raises.

    `entries`: of value maps, as if they were live. The faults are all for which the document
    could not be kept; the rules that have none are shown all the same. `beside`: what the
    mapping has around it, where it is at hand.
    """
    beside = beside or around(mapping)
    faults = problems_of(mapping, document, sample)
    faulty = {fault.rule.split("/")[0] for fault in faults}
    sound = [rule for rule in rules_of(document) if str(rule.get("id")) not in faulty]
    checks = {} if faults else {"checks": document.get("checks", [])}
    types = {"object_type": mapping.object_type, "source_type": mapping.source_type}
    custom = beside.custom
    try:
        made = compile_mapping({"rules": sound, **checks}, custom=custom, **types)
    except MappingError:
        return Preview(faults=faults)
    inputs = inputs_for(made, sample, tables_for(mapping, document, entries, beside))
    if faults:
        return Preview(rows=made.explain(sample, inputs=inputs), faults=faults)
    return preview(document, sample, inputs=inputs, custom=custom, **types)


def inputs_for(
    mapping: CompiledMapping,
    sample: Record[str, object],
    values: Record[str, Record[str, object]],
) -> Inputs:
    """Return inputs for a preview: references stand for themselves, and the sample brings its
    own variables, as the engine's records do."""
    given = sample.get("variables")
    variables = given if isinstance(given, dict) else {}
    pairs = mapping.reference_lookups(sample, variables)
    return Inputs({pair: pair[1] for pair in pairs}, values, variables)


def tables_for(
    mapping: Mapping, document: Record[str, object], entries: Entries, beside: Around
) -> dict[str, dict[str, object]]:
    """Return the tables that a document would use: the live ones with `entries` added, and
    empty ones where a rule is to have a value map of its own."""
    tables = {name: row.live.table for name, row in beside.value_maps.items() if row.live}
    for name, _ in own_maps_in(document, mapping.slug):
        tables.setdefault(name, {})
    return {name: {**table, **entries.get(name, {})} for name, table in tables.items()}


def value_tables(client_id: int | None) -> dict[str, dict[str, object]]:
    """Return the live tables by name that a client uses: its own before the partner's."""
    mine = Q(client=None) if client_id is None else Q(client=None) | Q(client_id=client_id)
    rows = ValueMap.objects.filter(mine).exclude(live=None).select_related("live")
    ordered = rows.order_by(F("client").asc(nulls_first=True))
    return {row.name: row.live.table for row in ordered if row.live is not None}


def _with_faults(rows: list[RuleTrace], problems: list[Problem]) -> list[RuleTrace]:
    """Put what is wrong with the result beside the rule that made it."""
    wrong = {problem.target.split(".")[0]: problem for problem in problems}
    return [
        row
        if row.problem is not None or row.skipped
        else replace(row, problem=wrong.get(row.target.split(".")[0]))
        for row in rows
    ]
