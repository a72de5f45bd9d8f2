"""What the console lists. Never a partner's own data: only what lies in the public schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from governance.actions import action_label
from governance.models import AuditEntry
from tenants.models import Domain, Partner, Wakeup
from tenants.services.pending import pending_in

LATE = timedelta(minutes=1)
SORTS = {"name": "name", "created": "created_at", "status": "status"}


@dataclass(frozen=True)
class PartnerState:
    """How a schema stands: migrations it lacks (None: no history), and its due work."""

    lacks: int | None
    is_behind: bool
    due_at: datetime | None
    is_late: bool


def partners(request: HttpRequest) -> QuerySet[Partner]:
    """Return the partners that the address asks for: status, words, order."""
    rows: QuerySet[Partner] = Partner.objects.prefetch_related("domains")
    status = request.GET.get("status", "")
    if status in Partner.Status.values:
        rows = rows.filter(status=status)
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(slug__icontains=words)
            | Q(domains__domain__icontains=words)
        ).distinct()
    asked = request.GET.get("sort", "name")
    field = SORTS.get(asked.removeprefix("-"), "name")
    return rows.order_by(f"-{field}" if asked.startswith("-") else field, "pk")


def status_options() -> list[tuple[str, str, int | None]]:
    """Return the filters above the list, with how many rows each has."""
    return [
        ("", "All", Partner.objects.count()),
        *(
            (value.value, str(value.label), Partner.objects.filter(status=value).count())
            for value in (Partner.Status.ACTIVE, Partner.Status.SUSPENDED)
        ),
    ]


def states_of(schemas: Sequence[str]) -> dict[str, PartnerState]:
    """Return how schemas stand, in three queries for any number of them."""
    pending = {row.schema: row for row in pending_in(list(schemas))}
    due = dict(Wakeup.objects.filter(schema_name__in=schemas).values_list("schema_name", "due_at"))
    late = timezone.now() - LATE
    return {
        schema: PartnerState(
            lacks=pending[schema].count if schema in pending else 0,
            is_behind=schema in pending,
            due_at=due.get(schema),
            is_late=(due.get(schema) or timezone.now()) < late,
        )
        for schema in schemas
    }


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    partner: Partner
    state: PartnerState


def rows_of(page: Page[Partner]) -> list[Row]:
    """Return the lines of one page of partners."""
    states = states_of([partner.schema_name for partner in page])
    return [Row(partner, states[partner.schema_name]) for partner in page]


def domains(request: HttpRequest) -> QuerySet[Domain]:
    """Return the domains that the address asks for: state (without it all but removed), words."""
    rows = Domain.objects.select_related("tenant").order_by("domain", "pk")
    state = request.GET.get("state", "")
    if state in Domain.State.values:
        rows = rows.filter(state=state)
    else:
        rows = rows.exclude(state=Domain.State.REMOVED)
    if words := request.GET.get("q", "").strip().replace("\0", ""):
        rows = rows.filter(Q(domain__icontains=words) | Q(tenant__name__icontains=words))
    return rows


def domain_options() -> list[tuple[str, str, int | None]]:
    """Return the filters above the domains, with how many rows each has."""
    counted = dict(Domain.objects.order_by().values_list("state").annotate(Count("pk")))
    everything = sum(counted.values()) - counted.get(Domain.State.REMOVED, 0)
    return [
        ("", "In use", everything),
        *((state.value, str(state.label), counted.get(state.value, 0)) for state in Domain.State),
    ]


def hosts_of(partner: Partner) -> list[Domain]:
    """Return a partner's hosts, those out of service last."""
    removed = Domain.State.REMOVED
    rows = Domain.objects.filter(tenant=partner)
    return sorted(rows, key=lambda row: (row.state == removed, row.kind, str(row.domain)))


@dataclass(frozen=True)
class Happening:
    """A line of a partner's history as people read it."""

    at: datetime
    title: str
    by: str
    about: str
    reason: str


def history_of(partner: Partner, most: int = 20) -> list[Happening]:
    """Return what operators did to a partner, newest first."""
    domain_ids = [str(row.pk) for row in hosts_of(partner)]
    entries = AuditEntry.objects.filter(
        Q(object_kind="partner", object_id=str(partner.pk))
        | Q(object_kind="domain", object_id__in=domain_ids)
    ).order_by("-at", "-pk")[:most]
    return [
        Happening(
            entry.at,
            action_label(entry.action),
            entry.actor_label,
            entry.object_label if entry.object_kind == "domain" else "",
            entry.reason,
        )
        for entry in entries
    ]
