"""What is known of some engagements at once: as many statements for a page of them as for one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.db.models import Q

from syncjobs.engine.flows import definition_of
from syncjobs.indicators.engagements.chosen import HEADS, Key, among, key_of
from syncjobs.indicators.engagements.promises import Promises, promises_of
from syncjobs.indicators.engagements.work import Stop, Work, stops_of, work_of
from syncjobs.indicators.stakes import decimal_in
from syncjobs.models import CanonicalRecord, Connection, ExternalRef, Workflow
from syncjobs.state import WORKFLOW

INVOICE: Final = "invoice"
REVENUE: Final = "revenue_event"


@dataclass(frozen=True)
class Place:
    """A system in which a record of the engagement is, or should be. `record`: None while there
    is none of its kind. `ref`: None while the system has not got it.
    """

    kind: str
    connection: Connection
    record: CanonicalRecord | None
    ref: ExternalRef | None


@dataclass
class Facts:
    """All that the four answers of one engagement rest on."""

    key: Key
    promises: Promises
    connections: dict[int, Connection]
    heads: list[CanonicalRecord] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    invoices: list[CanonicalRecord] = field(default_factory=list)
    revenue: list[CanonicalRecord] = field(default_factory=list)

    def heads_of(self, kind: str) -> list[CanonicalRecord]:
        """Return its projects, contracts or opportunities."""
        return [one for one in self.heads if one.type == kind]

    @property
    def contracts(self) -> list[str]:
        """The contracts that its revenue may name: its project's, else those that share its id."""
        named = [str(one.data["contract"]) for one in self.heads_of("project") if contract_in(one)]
        return sorted(set(named or [one.key for one in self.heads_of("contract")]))

    @property
    def recognised(self) -> dict[str, Decimal]:
        """Recognised revenue by currency."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.revenue:
            sums[str(one.data.get("currency") or "")] += decimal_in(one.data, "amount") or 0
        return dict(sums)


def contract_in(record: CanonicalRecord) -> str:
    """Return the contract that a record names; "" for none."""
    return str(record.data.get("contract") or "")


def facts_of(keys: Iterable[Key]) -> dict[Key, Facts]:
    """Return what is known of these engagements; eight statements, however many they are."""
    chosen = sorted(set(keys))
    if not chosen:
        return {}
    clients = {client for client, _ in chosen}
    promises = _promises(clients)
    of_client: dict[int, dict[int, Connection]] = defaultdict(dict)
    for one in Connection.objects.filter(client_id__in=clients):
        of_client[one.client_id][one.pk] = one
    found = {key: Facts(key, promises.get(key[0], Promises()), of_client[key[0]]) for key in chosen}
    rows = CanonicalRecord.objects.filter(
        among(chosen), type__in=(*HEADS, INVOICE), version__gt=0, deleted=False
    )
    for record in rows.exclude(engagement="").order_by("key"):
        facts = found[key_of(record)]
        (facts.invoices if record.type == INVOICE else facts.heads).append(record)
    _add_contracts_by_name(found)
    _add_places(found)
    billing = {one for made in promises.values() for one in made.billing}
    for key, work in work_of(chosen, sorted(billing)):
        found[key].work.append(work)
    for key, stop in stops_of(chosen):
        found[key].stops.append(stop)
    _add_revenue(found)
    return found


def _promises(clients: Iterable[int]) -> dict[int, Promises]:
    rows = Workflow.objects.filter(client_id__in=clients, version__isnull=False)
    definitions = defaultdict(list)
    for one in rows.exclude(state__in=sorted(WORKFLOW.closed)).select_related("version"):
        if one.version is not None:
            definitions[one.client_id].append(definition_of(one.version))
    return {client: promises_of(all_) for client, all_ in definitions.items()}


def _add_contracts_by_name(found: dict[Key, Facts]) -> None:
    """Add the contracts that projects name and that do not carry the identifier themselves."""
    wanted: dict[tuple[int, str], list[Facts]] = defaultdict(list)
    for (client, _), facts in found.items():
        for name in set(facts.contracts) - {one.key for one in facts.heads_of("contract")}:
            wanted[client, name].append(facts)
    if not wanted:
        return
    rows = CanonicalRecord.objects.filter(
        client_id__in={client for client, _ in wanted},
        key__in={name for _, name in wanted},
        type="contract",
        version__gt=0,
        deleted=False,
    )
    for one in rows:
        for facts in wanted.get((one.client_id, one.key), ()):
            facts.heads.append(one)


def _add_places(found: dict[Key, Facts]) -> None:
    """Say where each project, contract and opportunity is, and where one is missing."""
    refs: dict[int, list[ExternalRef]] = defaultdict(list)
    heads = [one.pk for facts in found.values() for one in facts.heads]
    for ref in ExternalRef.objects.filter(record_id__in=heads).order_by("created_at", "pk"):
        refs[ref.record_id].append(ref)
    for facts in found.values():
        for kind in reversed(HEADS):
            for record in facts.heads_of(kind):
                facts.places += _places(facts, kind, record, refs[record.pk])
        if not facts.heads_of("project"):
            facts.places += _places(facts, "project", None, [])


def _places(
    facts: Facts, kind: str, record: CanonicalRecord | None, refs: Sequence[ExternalRef]
) -> list[Place]:
    expected = facts.promises.homes.get(kind, set())
    # A system may keep something of a record, such as a task to renew it, that is not the record.
    held = {one.connection_id: one for one in refs if one.seen_at or one.connection_id in expected}
    return [
        Place(kind, facts.connections[pk], record, held.get(pk))
        for pk in [*held, *sorted(expected - set(held))]
        if pk in facts.connections
    ]


def _add_revenue(found: dict[Key, Facts]) -> None:
    """Add the revenue of these engagements' projects and contracts.

    What a revenue engine recognises names them, and seldom carries the identifier.
    """
    by_name: dict[tuple[int, str, str], Facts] = {}
    for (client, _), facts in found.items():
        by_name |= {(client, "contract", name): facts for name in facts.contracts}
        by_name |= {(client, "project", one.key): facts for one in facts.heads_of("project")}
    rows = CanonicalRecord.objects.filter(
        among(found)
        | Q(data__project__in=[name for _, kind, name in by_name if kind == "project"])
        | Q(data__contract__in=[name for _, kind, name in by_name if kind == "contract"]),
        client_id__in={client for client, _ in found},
        type=REVENUE,
        version__gt=0,
        deleted=False,
    )
    for one in rows.order_by("key"):
        named = [(one.client_id, kind, str(one.data.get(kind))) for kind in ("project", "contract")]
        whose = found.get(key_of(one)) or by_name.get(named[0]) or by_name.get(named[1])
        if whose is not None:
            whose.revenue.append(one)
