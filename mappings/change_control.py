"""How mapping versions, value maps and ownership change under change control."""

from collections.abc import Mapping as Record

from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.models import Change
from mappings.canonical.registry import fields_of
from mappings.diff import diff
from mappings.documents import document_hash, rules_of
from mappings.models import Mapping, MappingVersion, ValueMap, ValueMapVersion
from mappings.money import money_parts
from mappings.overlays import own_rules
from mappings.ownership import owner_words
from mappings.services import ownership, value_maps, versions
from mappings.services.checking import value_maps_in
from mappings.services.custom_fields import custom_fields
from mappings.services.impact import users_of, users_of_map
from mappings.services.overlays import standing_document, template_version
from mappings.state import BadMove
from mappings.word_order import reading_order
from tenants.nouns import in_words

_FOR_ALL = "It holds for every client that uses the partner's own."

# --- mapping versions ------------------------------------------------------------------------


def _mapping(target_id: str) -> Mapping:
    rows = Mapping.objects.select_related("live", "template__live")
    return rows.get(pk=int(target_id))


def _documents(change: Change) -> tuple[Record[str, object], Record[str, object]]:
    before = standing_document(_mapping(change.target_id))
    document = change.content.get("document")
    return before, (document if isinstance(document, dict) else {})


def _apply_version(change: Change, actor: Actor) -> Record[str, object]:
    """Publish exactly what was signed: the row must still hold the content of the request."""
    mapping = _locked_mapping(int(change.target_id))
    version = MappingVersion.objects.filter(
        pk=change.content.get("version"), mapping=mapping
    ).first()
    if version is None:
        raise ApplyFailed("The version that was approved is not there any more.")
    signed = document_hash(change.content.get("document") or {})
    if not signed == version.hash == document_hash(version.document):
        raise ApplyFailed("The version does not hold what was signed. Propose it again.")
    try:
        versions.publish(mapping, version)
    except BadMove as error:
        raise ApplyFailed(str(error)) from error
    return {"version": version.number, "hash": version.hash}


def _locked_mapping(pk: int) -> Mapping:
    """Lock a mapping, an overlay's template before it: they move in that order elsewhere too."""
    template = Mapping.objects.filter(overlays=pk).values_list("pk", flat=True)
    for locked in (*template, pk):
        Mapping.objects.select_for_update(of=("self",)).get(pk=locked)
    return Mapping.objects.select_related("live", "template__live").get(pk=pk)


def _diff_version(change: Change) -> list[DiffLine]:
    version = MappingVersion.objects.filter(pk=change.content.get("version")).first()
    own = own_rules(version.overlay if version else None)
    own_words = in_words("the client's own")
    return [
        DiffLine(line.sign, f"{line.text} ({own_words})" if line.rule in own else line.text)
        for line in diff(*_documents(change))
    ]


def _risk_of_version(change: Change) -> Risk:
    mapping = _mapping(change.target_id)
    touched = money_parts(
        *_documents(change), mapping.object_type or mapping.canonical, custom_fields()
    )
    notes = [f"It changes {', '.join(touched)}: amounts may come out differently."]
    if not touched:
        notes = []
    if mapping.client_id is None:
        notes.append(in_words(_FOR_ALL))
    if count := mapping.overlays.exclude(live=None).count():
        noun = in_words("clients" if count > 1 else "client")
        notes.append(f"{count} {noun} with rules of their own follow it.")
    return Risk(touches_money=bool(touched), notes=tuple(notes))


def _live_hash(target_id: str) -> str:
    """Return what a proposal stands on; an overlay also on its template."""
    mapping = _mapping(target_id)
    own, base = (mapping.live.hash if mapping.live else ""), template_version(mapping)
    return document_hash({"base": base.hash, "own": own}) if base else own


def _live_content(target_id: str) -> Record[str, object]:
    live = _mapping(target_id).live
    return {"version": live.number, "hash": live.hash} if live else {}


def _version_before(change: Change) -> Record[str, object] | None:
    number = (change.before or {}).get("version")
    version = MappingVersion.objects.filter(
        mapping=int(change.target_id), number=number if isinstance(number, int) else 0
    ).first()
    return versions.signed_content(version) if version else None


def _adopt_version(change: Change) -> None:
    version = MappingVersion.objects.get(
        pk=change.content["version"], mapping=int(change.target_id)
    )
    versions.mark_proposed(version, change.request_id)


def _runs_for(change: Change) -> frozenset[int]:
    """Every client that the mapping could run for, those with rules of their own over it too."""
    mapping = _mapping(change.target_id)
    over = mapping.overlays.exclude(live=None).values_list("client_id", flat=True)
    return users_of(mapping) | frozenset(over)


MAPPING_VERSION = Applier(
    kind=versions.KIND,
    label="Mapping",
    apply=_apply_version,
    diff=_diff_version,
    risk=_risk_of_version,
    base_version=_live_hash,
    snapshot=_live_content,
    revert=_version_before,
    adopt=_adopt_version,
    reaches=_runs_for,
    permission="mappings.edit",
)

# --- value maps ------------------------------------------------------------------------------


def _value_map(target_id: str) -> ValueMap:
    return ValueMap.objects.select_related("live").get(pk=int(target_id))


def _apply_table(change: Change, actor: Actor) -> Record[str, object]:
    value_map = ValueMap.objects.select_for_update(of=("self",)).get(pk=int(change.target_id))
    version = ValueMapVersion.objects.filter(
        pk=change.content.get("version"), value_map=value_map
    ).first()
    if version is None or version.table != change.content.get("table"):
        raise ApplyFailed("The table that was approved is not there any more.")
    value_maps.publish_table(value_map, version)
    return {"version": version.number, "rows": len(version.table)}


def _diff_table(change: Change) -> list[DiffLine]:
    before = value_maps.table_of(_value_map(change.target_id))
    table = change.content.get("table")
    after = table if isinstance(table, dict) else {}
    lines = []
    for word in sorted({*before, *after}, key=reading_order):
        was, now = before.get(word), after.get(word)
        if was == now:
            continue
        lines += [DiffLine("-", f"{word} → {was}")] if was is not None else []
        lines += [DiffLine("+", f"{word} → {now}")] if now is not None else []
    same = len([word for word in before if before[word] == after.get(word)])
    return [*lines, DiffLine(" ", f"{same} rows stay as they are")] if same else lines


def _risk_of_table(change: Change) -> Risk:
    value_map = _value_map(change.target_id)
    using = value_maps.used_by(value_map)
    touched = sorted({mapping.name for mapping in using if _maps_money(mapping, value_map.name)})
    notes = [f"It decides amounts or taxes in {', '.join(touched)}."] if touched else []
    if value_map.client_id is None:
        notes.append(in_words(_FOR_ALL))
    return Risk(touches_money=bool(touched), notes=tuple(notes))


def _maps_money(mapping: Mapping, name: str) -> bool:
    """Say whether a rule that uses the value map fills, or reads, something of money."""
    document = mapping.live.document if mapping.live else {}
    using = [rule for rule in rules_of(document) if name in value_maps_in({"rules": [rule]})]
    parts = money_parts(
        {}, {"rules": using}, mapping.object_type or mapping.canonical, custom_fields()
    )
    return bool(parts)


def _live_number(target_id: str) -> str:
    live = _value_map(target_id).live
    return str(live.number) if live else ""


def _live_table(target_id: str) -> Record[str, object]:
    return {"table": value_maps.table_of(_value_map(target_id))}


def _table_before(change: Change) -> Record[str, object] | None:
    version = ValueMapVersion.objects.filter(
        value_map=int(change.target_id), number=int(change.base_version or 0)
    ).first()
    return value_maps.signed_table(version) if version else None


VALUE_MAP_VERSION = Applier(
    kind=value_maps.KIND,
    label="Value map",
    apply=_apply_table,
    diff=_diff_table,
    risk=_risk_of_table,
    base_version=_live_number,
    snapshot=_live_table,
    revert=_table_before,
    reaches=lambda change: users_of_map(_value_map(change.target_id)),
    permission="mappings.edit",
)

# --- ownership -------------------------------------------------------------------------------


def _wanted(change: Change) -> dict[str, object]:
    rules = change.content.get("rules")
    return rules if isinstance(rules, dict) else {}


def _apply_owners(change: Change, actor: Actor) -> Record[str, object]:
    object_type, client_id = ownership.read_target(change.target_id)
    try:
        ownership.set_owners(object_type, client_id, _wanted(change))
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    return {"rules": _wanted(change)}


def _diff_owners(change: Change) -> list[DiffLine]:
    object_type, client_id = ownership.read_target(change.target_id)
    before, after = ownership.rules_for(object_type, client_id), _wanted(change)
    fields = fields_of(object_type, custom_fields(object_type, retired=True))
    lines = []
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        field = fields[name].label if name in fields else name or "The object as a whole"
        if was is not None and was != now:
            lines.append(DiffLine("-", f"{field}: {owner_words(was)}"))
        if now is not None:
            lines.append(DiffLine(" " if was == now else "+", f"{field}: {owner_words(str(now))}"))
    return lines


def _risk_of_owners(change: Change) -> Risk:
    object_type, client_id = ownership.read_target(change.target_id)
    before, after = ownership.rules_for(object_type, client_id), _wanted(change)
    fields = fields_of(object_type, custom_fields(object_type, retired=True))
    differ = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    money = [
        name
        for name in differ
        if not name or (name in fields and fields[name].type in ("money", "decimal"))
    ]  # the object as a whole has its amounts too
    notes = ["Another system may then change amounts."] if money else []
    if client_id is None:
        notes.append(in_words("It holds for every client without a rule of its own."))
    return Risk(touches_money=bool(money), notes=tuple(notes))


def _owners_base(target_id: str) -> str:
    rules = ownership.rules_for(*ownership.read_target(target_id))
    return document_hash(rules) if rules else ""


def _owners_now(target_id: str) -> Record[str, object]:
    return {"rules": ownership.rules_for(*ownership.read_target(target_id))}


def _owners_before(change: Change) -> Record[str, object] | None:
    return {"rules": (change.before or {}).get("rules", {})}


OWNERSHIP = Applier(
    kind=ownership.KIND,
    label="Ownership",
    apply=_apply_owners,
    diff=_diff_owners,
    risk=_risk_of_owners,
    base_version=_owners_base,
    snapshot=_owners_now,
    revert=_owners_before,
    permission="mappings.edit",
)
