"""Whether a document can be kept for a mapping: its rules, its paths, its value maps."""

from collections.abc import Mapping as Record

from django.core.exceptions import ValidationError
from django.db.models import F, Q

from mappings.canonical.registry import schema
from mappings.catalogue import fields_for
from mappings.documents import MappingError, Problem, objects_in, plain_document, rules_of
from mappings.engine import compile_mapping
from mappings.known_paths import KnownPaths, paths_in, read_in, unknown_sources, unknown_targets
from mappings.models import Mapping, ValueMap
from mappings.own_maps import own_maps_in
from mappings.parts import member_paths
from mappings.services.custom_fields import custom_fields
from mappings.services.overlays import overlay_problems, standing_document
from mappings.structure import structure_problems


class Refused(ValidationError):
    """A document that can't be kept; `problems` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__([str(one) for one in problems])


def problems_of(
    mapping: Mapping, document: Record[str, object], sample: Record[str, object] | None = None
) -> list[Problem]:
    """Return everything that is wrong with a document for this mapping.

    A source path that neither the system's fields, nor the sample, nor the live version has
    is a problem: a misspelt name would else be an empty field for ever.
    """
    try:
        plain = plain_document(document)
    except MappingError as error:
        return error.problems
    if problems := structure_problems(plain):
        return problems
    try:
        compile_mapping(
            plain,
            object_type=mapping.object_type,
            source_type=mapping.source_type,
            custom=custom_fields(),
        )
    except MappingError as error:
        problems = error.problems
    return [
        *problems,
        *_path_problems(mapping, plain, sample),
        *_value_map_problems(mapping, plain),
        *overlay_problems(mapping, plain),
    ]


def checked(
    mapping: Mapping, document: Record[str, object], sample: Record[str, object] | None = None
) -> dict[str, object]:
    """Return the document as plain JSON. Raises Refused with every problem."""
    problems = problems_of(mapping, document, sample)
    if problems:
        raise Refused(problems)
    return plain_document(document)


def sources_of(
    mapping: Mapping,
    sample: Record[str, object] | None = None,
    document: Record[str, object] | None = None,
) -> list[str]:
    """Return the source paths that are known for a mapping, for suggestions.

    `document`: whose list, where it takes one of the sample apart, has members to read, too.
    """
    if mapping.source_type:
        known = [one.name for one in schema(mapping.source_type, custom_fields()).fields]
    else:
        known = list(fields_for(mapping.connector, mapping.object).reads)
    known += member_paths(document or {}, sample or {})
    return list(dict.fromkeys([*known, *paths_in(sample or {})]))


def targets_of(mapping: Mapping) -> list[str]:
    """Return the targets that are known for a mapping, for suggestions."""
    if mapping.object_type:
        return [one.name for one in schema(mapping.object_type, custom_fields()).fields]
    return list(fields_for(mapping.connector, mapping.object).writes)


def _path_problems(
    mapping: Mapping, document: Record[str, object], sample: Record[str, object] | None
) -> list[Problem]:
    """Check what compiling could not: the paths and targets of the system's own objects."""
    live = standing_document(mapping)
    fields = fields_for(mapping.connector, mapping.object)
    found: list[Problem] = []
    if not mapping.source_type:
        known = [*fields.reads, *paths_in(sample or {})]
        if known:  # without fields and sample there is nothing to hold a path against
            known += member_paths(document, sample or {})
            sources = KnownPaths([*known, *read_in(live)])
            found += unknown_sources(document, sources, f"{mapping.object} of {fields.label}")
    if not mapping.object_type and fields.writes:
        targets = [str(rule.get("target")) for rule in rules_of(live)]
        known_targets = KnownPaths([*fields.writes, *targets])
        found += unknown_targets(document, known_targets, f"{mapping.object} of {fields.label}")
    return found


def value_maps_in(document: Record[str, object]) -> set[str]:
    """Return the names of the value maps that a document's rules use."""
    found: set[str] = set()
    for rule in rules_of(document):
        for lookup in objects_in([rule.get("lookup")]):
            if "value_map" in lookup:
                found.add(str(lookup["value_map"]))
        found |= value_maps_in(rule)
    return found


def value_maps_for(mapping: Mapping) -> dict[str, ValueMap]:
    """Return the value maps that a mapping can use, by name: its client's own before the
    partner's."""
    mine = Q(client=None) if mapping.client_id is None else Q(client_id=mapping.client_id)
    rows = ValueMap.objects.filter(mine | Q(client=None)).exclude(live=None)
    ordered = rows.select_related("live").order_by(F("client").asc(nulls_first=True))
    return {row.name: row for row in ordered}


def _value_map_problems(mapping: Mapping, document: Record[str, object]) -> list[Problem]:
    """Return the value maps that are not there; one of a rule's own is made with the draft."""
    used = value_maps_in(document) - {name for name, _ in own_maps_in(document, mapping.slug)}
    if not used:
        return []
    return [
        Problem("value_map", f"There is no value map '{name}'. Add it first.")
        for name in sorted(used - set(value_maps_for(mapping)))
    ]
