"""Value maps and their versions: made as starting content, changed through change control."""

from collections.abc import Mapping as Record
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.permits import laying_down, require_permit
from governance.services import audit, changes
from mappings import actions
from mappings.canonical.custom import CustomFields
from mappings.canonical.registry import fields_of
from mappings.documents import is_storable
from mappings.models import Mapping, ValueMap, ValueMapVersion
from mappings.own_maps import own_maps_in
from mappings.publishing import went_live
from mappings.services.checking import value_maps_for, value_maps_in
from mappings.services.custom_fields import custom_fields
from mappings.word_order import reading_order
from tenants.nouns import in_words

KIND: Final = "value_map_version"
MAX_ROWS: Final = 5_000
MAX_WORD: Final = 200


def checked_table(table: Record[str, object]) -> dict[str, str]:
    """Return a table of words. Raises ValidationError naming each row that is wrong."""
    wrong = []
    if len(table) > MAX_ROWS:
        wrong.append(f"A value map has at most {MAX_ROWS:,} rows.")
    made: dict[str, str] = {}
    for word, value in list(table.items())[:MAX_ROWS]:
        given = str(value)
        if not word or len(word) > MAX_WORD or not is_storable(word):
            wrong.append(f"{word[:40]!r}: a word has 1 to {MAX_WORD} signs.")
        elif not isinstance(value, str) or len(given) > MAX_WORD or not is_storable(given):
            wrong.append(f"{word[:40]!r}: what it becomes is a text of at most {MAX_WORD} signs.")
        made[word] = given
    if wrong:
        raise ValidationError(wrong[:20])
    return made


def table_of(value_map: ValueMap) -> dict[str, str]:
    """Return the live table, in the order that people read; empty while nothing is live."""
    live = value_map.live.table if value_map.live else {}
    return {word: live[word] for word in sorted(live, key=reading_order)}


@transaction.atomic
def add_value_map(actor: Actor, *, name: str, label: str, client_id: int | None = None) -> ValueMap:
    """Make an empty value map; its rows come through change control.

    Raises NotPermitted, ValidationError for a name that is taken.
    """
    actor.require("mappings.edit", client_id)
    value_map = ValueMap(name=name.strip(), label=label.strip(), client_id=client_id)
    value_map.full_clean()
    value_map.save()
    audit.record(
        actions.VALUE_MAP_ADDED,
        object_kind="value_map",
        object_id=value_map.pk,
        object_label=value_map.label,
        client_id=client_id,
        after={"name": value_map.name},
    )
    publish_table(value_map, _next_version(value_map, {}, actor))
    return value_map


@transaction.atomic
def ensure_value_map(
    actor: Actor,
    *,
    name: str,
    label: str,
    table: Record[str, object],
    client_id: int | None = None,
) -> ValueMap:
    """Make a value map with its first table live, as starting content; once."""
    mine = Q(client=None) if client_id is None else Q(client_id=client_id)
    found = ValueMap.objects.filter(mine, name=name).first()
    if found is not None:
        return found
    made = add_value_map(actor, name=name, label=label, client_id=client_id)
    with laying_down(actor, KIND, made.pk):
        publish_table(made, _next_version(made, checked_table(table), actor))
    made.refresh_from_db()
    return made


@transaction.atomic
def propose_table(
    actor: Actor,
    value_map: ValueMap,
    table: Record[str, object],
    *,
    title: str,
    reason: str,
) -> ChangeRequest:
    """Keep a table as a new version and ask for it to go live.

    Raises NotPermitted, ValidationError, governance's refusals.
    """
    actor.require("mappings.edit", value_map.client_id)
    actor.require("changes.propose", value_map.client_id)
    change = _table_change(actor, value_map, table)
    return changes.propose(actor, title=title, reason=reason, changes=[change])


def _table_change(
    actor: Actor, value_map: ValueMap, table: Record[str, object]
) -> changes.ProposedChange:
    """Keep a table as a new version and return the change that makes it live."""
    words = checked_table(table)
    locked = ValueMap.objects.select_for_update(of=("self",)).get(pk=value_map.pk)
    if words == table_of(locked):
        raise ValidationError("The table is the same as the live one: nothing would change.")
    version = _next_version(locked, words, actor)
    return changes.ProposedChange(
        kind=KIND,
        target_id=str(locked.pk),
        target_label=locked.label,
        content=signed_table(version),
        client_id=locked.client_id,
    )


def ensure_own_maps(actor: Actor, mapping: Mapping, document: Record[str, object]) -> None:
    """Make the value maps, empty, that rules of a document have for themselves."""
    known = value_maps_for(mapping)
    for name, target in own_maps_in(document, mapping.slug):
        if name not in known:
            label = own_label(mapping, target, custom_fields())
            add_value_map(actor, name=name, label=label, client_id=mapping.client_id)


def entry_changes(
    actor: Actor, mapping: Mapping, entries: Record[str, Record[str, str]]
) -> list[changes.ProposedChange]:
    """Return the changes that add entries to value maps of a mapping's own client, or of the
    partner for the partner's mapping. Raises NotPermitted, ValidationError."""
    actor.require("mappings.edit", mapping.client_id)
    known = value_maps_for(mapping)
    made = []
    for name, words in entries.items():
        found = known.get(name)
        if found is None or not words:
            continue
        if found.client_id != mapping.client_id:
            text = in_words("It is for all clients: propose its entries on its own page.")
            raise ValidationError(f"{found.label}: {text}")
        table = {**table_of(found), **words}
        if table != table_of(found):
            made.append(_table_change(actor, found, table))
    return made


def own_label(mapping: Mapping, target: str, custom: CustomFields) -> str:
    """Return what people call the value map of the rule that fills a target."""
    fields = fields_of(mapping.object_type, custom) if mapping.object_type else {}
    return f"{mapping.name}: {fields[target].label if target in fields else target}"[:120]


def signed_table(version: ValueMapVersion) -> dict[str, object]:
    """Return what a request holds, and its signers sign, for a table to go live."""
    return {"version": version.pk, "number": version.number, "table": version.table}


def publish_table(value_map: ValueMap, version: ValueMapVersion) -> None:
    """Make a table live inside the transaction of change control or of starting content.

    Raises Ungoverned outside these; the first, empty one of a new value map is nobody's loss.
    """
    before = value_map.live
    if before is not None or version.table:
        require_permit(KIND, value_map.pk)
    ValueMap.objects.filter(pk=value_map.pk).update(live=version)
    value_map.live = version
    audit.record(
        actions.VALUE_MAP_PUBLISHED,
        object_kind="value_map",
        object_id=value_map.pk,
        object_label=value_map.label,
        client_id=value_map.client_id,
        before={"version": before.number, "rows": len(before.table)} if before else None,
        after={"version": version.number, "rows": len(version.table)},
    )
    went_live("value_map", value_map.name, value_map.client_id)


def _next_version(value_map: ValueMap, table: Record[str, object], actor: Actor) -> ValueMapVersion:
    last = value_map.versions.aggregate(last=Max("number"))["last"] or 0
    return ValueMapVersion.objects.create(
        value_map=value_map,
        number=last + 1,
        table=dict(table),
        author_label=actor.label[:200],
    )


def used_by(value_map: ValueMap) -> list[Mapping]:
    """Return the mappings whose live rules look values up in a value map.

    A client's value map stands before the partner's of its name, for that client alone.
    """
    rows = Mapping.objects.exclude(live=None).select_related("live", "client")
    if value_map.client_id is not None:
        rows = rows.filter(Q(client_id=value_map.client_id) | Q(client=None))
    return [
        mapping
        for mapping in rows
        if mapping.live is not None and value_map.name in value_maps_in(mapping.live.document)
    ]
