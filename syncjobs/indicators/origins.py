"""Which fields of a source each value of a record came from, and what the source sent there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from governance.models import AuditEntry
from mappings.canonical import ObjectSchema
from mappings.documents import rules_of
from mappings.known_paths import read_by
from mappings.models import MappingVersion
from mappings.paths import BadPath, reader, split
from syncjobs.indicators.lineage import Lineage
from syncjobs.models import Connection, RecordVersion
from syncjobs.payloads import opened_source

_LONGEST: Final = 80


@dataclass(frozen=True)
class Origin:
    """Where one value came from: a system, or with `by` somebody's hand.

    `paths`: field of the source → what it sent there, "" where that is not shown: of what makes
    personal data, of lists and objects, and of what is kept no more.
    """

    connection: Connection | None
    paths: Mapping[str, str]
    by: AuditEntry | None = None


def origins(known: Lineage, schema: ObjectSchema) -> dict[str, Origin]:
    """Return field → its origin, from a record's versions through the mapping of each.

    A field that a mapping makes of nothing (a constant) has none.
    """
    personal = {field.name for field in schema.fields if field.personal}
    setters: dict[str, RecordVersion] = {}
    for version in known.versions:
        for name in version.changed:
            setters.setdefault(name, version)
    used = MappingVersion.objects.in_bulk(
        {one.mapping_version for one in setters.values() if one.mapping_version}
    )
    sources = RecordVersion.objects.filter(pk__in={one.pk for one in setters.values()})
    sent = {
        pk: opened_source(source, known.record.pk)
        for pk, source in sources.values_list("pk", "source")
    }
    found: dict[str, Origin] = {}
    for name, version in setters.items():
        if entry := known.corrections.get(version.number):
            found[name] = Origin(None, {}, entry)
            continue
        mapping = used.get(version.mapping_version or 0)
        if version.connection is None or mapping is None:
            continue
        private = {path for one in personal for path in _paths_to(one, mapping.document)}
        shown = {
            path: "" if path in private else _told(sent[version.pk], path)
            for path in _paths_to(name, mapping.document)
        }
        if shown:
            found[name] = Origin(version.connection, shown)
    return found


def _paths_to(name: str, document: Mapping[str, object]) -> Sequence[str]:
    """Return what the rules that fill a field read, each path once."""
    rules = [one for one in rules_of(document) if _fills(one, name)]
    return list(dict.fromkeys(path for rule in rules for path in read_by(rule)))


def _fills(rule: Mapping[str, object], name: str) -> bool:
    try:
        return split(str(rule.get("target", "")))[0] == name
    except BadPath:
        return False


def _told(sent: Mapping[str, Any], path: str) -> str:
    try:
        value = reader(path)(sent)
    except BadPath:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:_LONGEST] if isinstance(value, str | int | float) else ""
