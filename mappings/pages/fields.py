"""The fields on both sides of the editor: the source as a tree, the target with its coverage."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mappings.canonical.custom import CustomFields
from mappings.canonical.registry import schema
from mappings.known_paths import read_in
from mappings.models import Mapping
from mappings.paths import MISSING, BadPath, joined, split, walked

Record = dict[str, object]
SHORT = 40


@dataclass(slots=True)
class SourceField:
    """A field of the source. value: what the sample has. is_used: whether a rule reads it, or
    something below it. path: "" for what only leads to others."""

    name: str
    path: str
    value: str
    is_used: bool
    below: list["SourceField"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TargetField:
    """A field of the target, with what the model says of it."""

    name: str
    label: str
    kind: str = ""
    help: str = ""
    is_required: bool = False
    is_filled: bool = False


def source_tree(
    paths: Sequence[str], sample: Record, document: dict[str, object]
) -> list[SourceField]:
    """Return the known paths of a source as a tree, with the sample's values."""
    used = set(map(_parts, read_in(document)))
    top: list[SourceField] = []
    found: dict[tuple[str, ...], SourceField] = {}
    for path in paths:
        parts = _parts(path)
        for size in range(1, len(parts) + 1):
            way = parts[:size]
            if way in found:
                continue
            is_used = any(one[: len(way)] == way or way[: len(one)] == one for one in used)
            made = SourceField(way[-1], joined(*way), _value(sample, way), is_used)
            found[way] = made
            (found[way[:-1]].below if size > 1 else top).append(made)
    return top


def _parts(path: str) -> tuple[str, ...]:
    try:
        return split(path)
    except BadPath:
        return ()


def _value(sample: Record, parts: tuple[str, ...]) -> str:
    value = walked(sample, parts)
    if value is MISSING or value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return f"{len(value)} members" if len(value) != 1 else "1 member"
    text = str(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"


def target_fields(
    mapping: Mapping, names: Sequence[str], filled: Collection[str], custom: CustomFields
) -> list[TargetField]:
    """Return the fields of the target, required ones first that nothing fills yet."""
    if not mapping.object_type:
        found = [TargetField(one, one, is_filled=one in filled) for one in names]
    else:
        found = [
            TargetField(
                one.name,
                one.label,
                f"{one.type} in {one.unit}" if one.unit == "h" else one.type,
                ", ".join(one.choices) or one.help,
                one.required,
                one.name in filled,
            )
            for one in schema(mapping.object_type, custom).fields
        ]
    return sorted(found, key=lambda one: (one.is_filled, not one.is_required))
