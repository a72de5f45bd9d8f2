"""How a mapping version changes under change control."""

from collections.abc import Mapping as Record

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.models import Change
from mappings.canonical.registry import fields_of
from mappings.diff import changed_targets, diff
from mappings.models import Mapping, MappingVersion
from mappings.services.versions import KIND, publish

_MONEY_WORDS = ("amount", "rate", "price", "total", "tax", "hours", "quantity", "currency")


def _mapping(target_id: str) -> Mapping:
    return Mapping.objects.select_related("live").get(pk=int(target_id))


def _documents(change: Change) -> tuple[Record[str, object], Record[str, object]]:
    live = _mapping(change.target_id).live
    document = change.content.get("document")
    return (live.document if live else {}), (document if isinstance(document, dict) else {})


def _apply(change: Change, actor: Actor) -> Record[str, object]:
    mapping = Mapping.objects.select_for_update().get(pk=int(change.target_id))
    version = MappingVersion.objects.filter(
        pk=change.content.get("version"), mapping=mapping, hash=change.content.get("hash")
    ).first()
    if version is None:
        raise ApplyFailed("The version that was approved is not there any more.")
    publish(mapping, version)
    return {"version": version.number, "hash": version.hash}


def _diff(change: Change) -> list[DiffLine]:
    old, new = _documents(change)
    return [DiffLine(line.sign, line.text) for line in diff(old, new)]


def _money_fields(mapping: Mapping) -> set[str]:
    if not mapping.object_type:
        return set()
    return {name for name, one in fields_of(mapping.object_type).items() if one.type == "money"}


def _risk(change: Change) -> Risk:
    mapping = _mapping(change.target_id)
    old, new = _documents(change)
    targets = changed_targets(old, new)
    money = _money_fields(mapping)
    touched = sorted(
        target
        for target in targets
        if target in money or any(word in target.lower() for word in _MONEY_WORDS)
    )
    notes = [f"It changes {', '.join(touched)}, which reach an invoice."] if touched else []
    if mapping.client_id is None:
        notes.append("It holds for every client that uses the partner's mapping.")
    return Risk(touches_money=bool(touched), notes=tuple(notes))


def _base_version(target_id: str) -> str:
    live = _mapping(target_id).live
    return live.hash if live else ""


def _snapshot(target_id: str) -> Record[str, object]:
    live = _mapping(target_id).live
    return {"version": live.number, "hash": live.hash} if live else {}


MAPPING_VERSION = Applier(
    kind=KIND,
    label="Mapping",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base_version,
    snapshot=_snapshot,
)
