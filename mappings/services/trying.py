"""What a document does with many records, such as the rows of a file: the same code as one.

Rows that are wrong are explained by rule, once for each cause, with the rows that have it.
"""

from collections import Counter
from collections.abc import Mapping as Record
from collections.abc import Sequence
from dataclasses import dataclass, field

from mappings.canonical.custom import CustomFields
from mappings.canonical.fields import Field
from mappings.canonical.registry import fields_of
from mappings.documents import MappingError, Problem, rules_of
from mappings.engine import CompiledMapping, Mapped, compile_mapping
from mappings.models import Mapping, ValueMap
from mappings.own_maps import own_maps_in
from mappings.paths import MISSING, split, walked
from mappings.sample_rows import SampleRow, Samples
from mappings.services.checking import value_maps_in
from mappings.services.preview import Around, Entries, inputs_for, tables_for
from mappings.services.value_maps import own_label

MAX_CAUSES = 20
MAX_WORDS = 60
# Rows × parts of the rules: what one look at the editor may cost, under half a second; and what
# each letter may cost that somebody types.
MAX_WORK, TYPED_WORK = 500_000, 120_000


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rows do not come through, or are held: the rule, what to do, which rows, what they had.

    rows: their numbers. values: the different texts that the rule took, at most five.
    """

    rule: str
    target: str
    message: str
    is_hold: bool
    rows: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Words:
    """A value map's words that the rows bring and its live table lacks, each with its count.

    choices: what the field takes, where it takes only that. value_map: None while it is only
    planned. is_theirs: whether it may be changed together with the mapping.
    """

    name: str
    label: str
    words: list[tuple[str, int]]
    choices: tuple[str, ...]
    value_map: ValueMap | None
    is_theirs: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """How all rows fare. passed: how many come through; held: how many of these would wait.

    hidden: causes beyond those that are listed. left_out: rows beyond `total` that are not
    tried, since the rules are too many. made: records that those which come through make, for a
    mapping that makes several of one.
    """

    total: int
    passed: int
    held: int
    causes: list[Cause]
    hidden: int
    words: list[Words]
    left_out: int = 0
    made: int = 0


def try_rows(
    mapping: Mapping,
    document: Record[str, object],
    samples: Samples,
    entries: Entries,
    beside: Around,
    *,
    is_typing: bool = False,
) -> Tried:
    """Run a document on every row, on fewer while somebody types. Never raises for what they
    hold; no row passes a document that can't be compiled."""
    total = len(samples.rows)
    try:
        made = compile_mapping(
            document,
            object_type=mapping.object_type,
            source_type=mapping.source_type,
            custom=beside.custom,
        )
    except MappingError:
        return Tried(total, 0, 0, [], 0, [])
    work = (TYPED_WORK if is_typing else MAX_WORK) // (made.size + 1)
    ran = _ran(made, samples.rows, tables_for(mapping, document, entries, beside), work)
    rows = [row for row, _ in ran]
    flat = [(row, mapped) for row, results in ran for mapped in results]
    causes = _causes(document, flat, map_labels(mapping, document, beside))
    passed = [results for _, results in ran if all(one.data is not None for one in results)]
    return Tried(
        len(rows),
        len(passed),
        sum(any(one.holds for one in results) for results in passed),
        causes[:MAX_CAUSES],
        max(0, len(causes) - MAX_CAUSES),
        _words(mapping, document, made, rows, beside),
        total - len(rows),
        sum(map(len, passed)) if made.makes_several else 0,
    )


def _ran(
    made: CompiledMapping,
    rows: Sequence[SampleRow],
    tables: dict[str, dict[str, object]],
    work: int,
) -> list[tuple[SampleRow, Sequence[Mapped]]]:
    """Run rows, the first at least, until they made as many records as `work` allows."""
    ran: list[tuple[SampleRow, Sequence[Mapped]]] = []
    for row in rows:
        results = made.run_all(row.data, inputs=inputs_for(made, row.data, tables))
        ran.append((row, results))
        work -= max(len(results), 1)
        if work <= 0:
            break
    return ran


def map_labels(mapping: Mapping, document: Record[str, object], beside: Around) -> dict[str, str]:
    """Return what people call the value maps that a document uses, by name."""
    used = value_maps_in(document)
    own = {
        name: own_label(mapping, target, beside.custom)
        for name, target in own_maps_in(document, mapping.slug)
    }
    known = {name: row.label for name, row in beside.value_maps.items() if name in used}
    return own | known


def labelled(message: str, labels: Record[str, str]) -> str:
    """Return a message with value maps named as people call them."""
    for name, label in labels.items():
        message = message.replace(f"value map '{name}'", f"value map '{label}'")
    return message


def _causes(
    document: Record[str, object],
    ran: Sequence[tuple[SampleRow, Mapped]],
    labels: Record[str, str],
) -> list[Cause]:
    sources = {str(one["id"]): str(one.get("source") or "") for one in rules_of(document)}
    by_target = {str(one["target"]): str(one["id"]) for one in rules_of(document)}
    found: dict[tuple[str, str], Cause] = {}
    for row, mapped in ran:
        for problem in (*mapped.problems, *mapped.holds):
            rule = problem.rule or by_target.get(problem.target, "")
            key = (rule or problem.target, problem.message)
            if key not in found:
                target = _target_of(problem, document, rule)
                is_hold = mapped.data is not None
                said = labelled(problem.message, labels)
                found[key] = Cause(rule, target, said, is_hold)
            cause = found[key]
            if row.number not in cause.rows:
                cause.rows.append(row.number)
            value = _taken(row, sources.get(rule.split("/")[0], ""))
            is_said = value in cause.values or repr(value) in cause.message
            if value and not is_said and len(cause.values) < 5:
                cause.values.append(value)
    return sorted(found.values(), key=lambda one: (-len(one.rows), one.rows[0]))


def _target_of(problem: Problem, document: Record[str, object], rule: str) -> str:
    if problem.target:
        return problem.target
    targets = {str(one["id"]): str(one["target"]) for one in rules_of(document)}
    return targets.get(rule, "")


def _taken(row: SampleRow, source: str) -> str:
    value = walked(row.data, split(source)) if source else MISSING
    return "" if value is MISSING or isinstance(value, dict | list) else str(value)[:80]


def _words(
    mapping: Mapping,
    document: Record[str, object],
    made: CompiledMapping,
    rows: Sequence[SampleRow],
    beside: Around,
) -> list[Words]:
    live = tables_for(mapping, document, {}, beside)
    known = beside.value_maps
    own = dict(own_maps_in(document, mapping.slug))
    found = []
    for name in sorted(value_maps_in(document)):
        counted: Counter[str] = Counter()
        for row in rows:
            inputs = inputs_for(made, row.data, live)
            counted.update(made.looked_up(row.data, name, inputs=inputs))
        missing = [(w, n) for w, n in counted.most_common() if w not in live.get(name, {})]
        if not missing or (name not in known and name not in own):
            continue
        row_map = known.get(name)
        found.append(
            Words(
                name,
                row_map.label if row_map else own_label(mapping, own[name], beside.custom),
                missing[:MAX_WORDS],
                _choices(mapping, document, name, beside.custom),
                row_map,
                row_map is None or row_map.client_id == mapping.client_id,
            )
        )
    return found


def _field(mapping: Mapping, target: str, custom: CustomFields) -> Field | None:
    if not mapping.object_type:
        return None
    return fields_of(mapping.object_type, custom).get(target)


def _choices(
    mapping: Mapping, document: Record[str, object], name: str, custom: CustomFields
) -> tuple[str, ...]:
    """Return the choices of the field whose rule uses a value map, () when it has none."""
    for rule in rules_of(document):
        if name in value_maps_in({"rules": [rule]}):
            field_ = _field(mapping, str(rule.get("target") or ""), custom)
            if field_ is not None and field_.choices:
                return field_.choices
    return ()
