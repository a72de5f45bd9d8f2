"""What a change of a mapping or a value map does to stored records. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Mapping as Record
from dataclasses import dataclass, field

from django.db.models import F, Q
from msgspec.structs import replace

from governance.impact import Assessment, Assessor, NotAssessable, Tried
from governance.models import Change
from mappings.canonical.custom import CustomFields
from mappings.canonical.registry import key_of
from mappings.documents import MappingError, document_hash, objects_in
from mappings.engine import CompiledMapping, compile_mapping
from mappings.models import Mapping as MappingRow
from mappings.models import ValueMap
from mappings.overlays import laid_over
from mappings.services import value_maps, versions
from mappings.services.custom_fields import custom_fields
from mappings.services.overlays import standing_document
from mappings.services.preview import value_tables
from mappings.trials import Trial, trials_for
from mappings.trying import Ended, all_ended, ended, lines_between, money_of, verdict
from tenants.accounts.models import Client

Tables = Record[str, Record[str, object]]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A mapping with what runs now and what would run, for those clients that use it."""

    mapping: MappingRow
    old: Record[str, object]
    new: Record[str, object]
    clients: frozenset[int]


@dataclass(slots=True)
class _World:
    """What the whole request would make of value maps, and the tables read so far."""

    custom: CustomFields
    proposed: dict[tuple[str, int | None], Record[str, object]]
    old: dict[int, Tables] = field(default_factory=dict)
    new: dict[int, Tables] = field(default_factory=dict)

    def tables(self, client_id: int) -> tuple[Tables, Tables]:
        """Return a client's value maps, its own before the partner's: live, and as proposed."""
        if client_id not in self.old:
            self.old[client_id] = value_tables(client_id)
            self.new[client_id] = self._proposed(client_id)
        return self.old[client_id], self.new[client_id]

    def _proposed(self, client_id: int) -> Tables:
        rows = ValueMap.objects.filter(Q(client=None) | Q(client_id=client_id))
        ordered = rows.select_related("live").order_by(F("client").asc(nulls_first=True))
        made: dict[str, Record[str, object]] = {}
        for row in ordered:
            table = self.proposed.get((row.name, row.client_id))
            if table is not None or row.live is not None:
                made[row.name] = table if table is not None else row.live.table  # type: ignore[union-attr]  # as just asked
        return made


def assess_version(change: Change, changes: Sequence[Change], most: int) -> Assessment:
    """Try a mapping's version on the latest records of the clients that use the mapping."""
    mapping = MappingRow.objects.select_related("live", "template__live").get(
        pk=int(change.target_id)
    )
    if mapping.live is None and mapping.template_id is None:
        return Assessment(
            0, iter(()), ["Nothing of it is live yet: no record has gone through it."]
        )
    notes: list[str] = []
    pairs = _pairs_of(mapping, _document(change), notes)
    return _assessment(pairs, _world(changes), most, notes)


def assess_table(change: Change, changes: Sequence[Change], most: int) -> Assessment:
    """Try a value map on the latest records of the mappings that look into it."""
    value_map = ValueMap.objects.get(pk=int(change.target_id))
    proposed = {one.target_id: _document(one) for one in changes if one.kind == versions.KIND}
    covered = users_of_map(value_map)
    pairs = [
        _Pair(mapping, document, proposed.get(str(mapping.pk), document), clients)
        for mapping in value_maps.used_by(value_map)
        if (clients := users_of(mapping) & covered)
        for document in [standing_document(mapping)]
    ]
    notes = [] if pairs else ["No live mapping looks into it, so no record can change."]
    return _assessment(pairs, _world(changes), most, notes)


def _document(change: Change) -> Record[str, object]:
    document = change.content.get("document")
    return document if isinstance(document, dict) else {}


def _world(changes: Sequence[Change]) -> _World:
    tables = {
        one.target_id: one.content.get("table") for one in changes if one.kind == value_maps.KIND
    }
    rows = ValueMap.objects.filter(pk__in=[int(one) for one in tables])
    proposed = {(row.name, row.client_id): tables[str(row.pk)] for row in rows}
    return _World(
        custom_fields(),
        {at: table for at, table in proposed.items() if isinstance(table, dict)},
    )


def _pairs_of(mapping: MappingRow, document: Record[str, object], notes: list[str]) -> list[_Pair]:
    """Return the mapping itself and, of a partner's, each client's overlay laid over it anew."""
    pairs = [_Pair(mapping, standing_document(mapping), document, users_of(mapping))]
    if mapping.template_id is None:
        overlays = mapping.overlays.exclude(live=None).select_related("live", "client")
        for overlay in overlays.order_by("pk"):
            assert overlay.live is not None
            try:
                made = laid_over(document, objects_in(overlay.live.overlay))
            except MappingError as error:
                notes.append(f"The rules of {overlay.client} don't fit it: {error}")
                continue
            pairs.append(_Pair(overlay, overlay.live.document, made, users_of(overlay)))
    return [one for one in pairs if one.clients]


def users_of(mapping: MappingRow) -> frozenset[int]:
    """Return the clients that a mapping runs for: its own, or all that have none of their own."""
    if mapping.client_id is not None:
        return frozenset({mapping.client_id})
    own = MappingRow.objects.filter(slug=mapping.slug, client__isnull=False).exclude(live=None)
    taken = frozenset(own.values_list("client_id", flat=True))
    return frozenset(Client.objects.values_list("pk", flat=True)) - taken


def users_of_map(value_map: ValueMap) -> frozenset[int]:
    if value_map.client_id is not None:
        return frozenset({value_map.client_id})
    own = ValueMap.objects.filter(name=value_map.name, client__isnull=False).exclude(live=None)
    taken = frozenset(own.values_list("client_id", flat=True))
    return frozenset(Client.objects.values_list("pk", flat=True)) - taken


def _assessment(pairs: Sequence[_Pair], world: _World, most: int, notes: list[str]) -> Assessment:
    return Assessment(most if pairs else 0, _batches(pairs, world, most, notes), notes)


def _batches(
    pairs: Sequence[_Pair], world: _World, most: int, notes: list[str]
) -> Iterator[Sequence[Tried]]:
    """Share the records out among the mappings; what one has too few of, the next may try."""
    left, found = most, 0
    for place, pair in enumerate(pairs):
        share = -(-left // (len(pairs) - place))
        for batch in _tried(pair, world, share):
            left, found = left - len(batch), found + len(batch)
            yield batch
    if pairs and not found:
        notes.append("No record has gone through it yet, so nothing could be tried.")


def _tried(pair: _Pair, world: _World, most: int) -> Iterator[Sequence[Tried]]:
    old, new = _compiled(pair, pair.old, world), _compiled(pair, pair.new, world)

    def wanted(
        client_id: int, data: Record[str, object], variables: Record[str, object]
    ) -> list[tuple[str, str]]:
        both = [
            *old.reference_lookups(data, variables),
            *new.reference_lookups(data, variables),
        ]
        return list(dict.fromkeys(both))

    for trials in trials_for(pair.mapping, pair.clients, most, wanted):
        yield [_try(pair, one, old, new, world) for one in trials]


def _compiled(pair: _Pair, document: Record[str, object], world: _World) -> CompiledMapping:
    try:
        return compile_mapping(document, object_type=pair.mapping.object_type, custom=world.custom)
    except MappingError as error:
        raise NotAssessable(
            f"{pair.mapping.name} can't be run: {str(error).rstrip('.')}."
        ) from error


def _try(
    pair: _Pair, trial: Trial, old: CompiledMapping, new: CompiledMapping, world: _World
) -> Tried:
    before_tables, after_tables = world.tables(trial.client_id)
    was = _run(pair, old, trial, before_tables)
    now = _run(pair, new, trial, after_tables)
    made, type_ = verdict(was, now), pair.mapping.object_type
    return Tried(
        verdict=made,
        client_id=trial.client_id,
        label=trial.label or trial.key,
        what=pair.mapping.name,
        before=money_of(was, trial.currency, type_, world.custom),
        after=money_of(now, trial.currency, type_, world.custom),
        lines=() if made == "same" else lines_between(was, now, type_, world.custom),
        note=now.why if made in ("failing", "held") else was.why,
        at=trial.at,
    )


def _run(pair: _Pair, mapping: CompiledMapping, trial: Trial, tables: Tables) -> Ended:
    results = mapping.run_all(trial.data, inputs=replace(trial.inputs, values=tables))
    type_ = pair.mapping.object_type
    keyed = [(one, key_of(type_, one.data) if type_ and one.data else None) for one in results]
    if not mapping.makes_several:
        return ended(*keyed[0])
    return all_ended({key or "": ended(one, key) for one, key in keyed})


def _standing_of_version(change: Change) -> str:
    """The value maps and overlays that stand beside a mapping decide as well."""
    overlays = MappingRow.objects.filter(template=int(change.target_id)).exclude(live=None)
    hashes: Mapping[int, str] = dict(overlays.values_list("pk", "live__hash"))
    return document_hash(
        {"tables": _live_tables(), "overlays": {str(k): v for k, v in hashes.items()}}
    )


def _standing_of_table(change: Change) -> str:
    value_map = ValueMap.objects.filter(pk=int(change.target_id)).first()
    using = value_maps.used_by(value_map) if value_map else []
    return document_hash(
        {
            "tables": _live_tables(),
            "mappings": {str(one.pk): one.live.hash for one in using if one.live is not None},
        }
    )


def _live_tables() -> dict[str, object]:
    return {str(pk): live for pk, live in ValueMap.objects.values_list("pk", "live_id")}


VERSION_IMPACT = Assessor(versions.KIND, assess_version, _standing_of_version)
TABLE_IMPACT = Assessor(value_maps.KIND, assess_table, _standing_of_table)
