"""The partners' schemas and hosts, and the work that waits."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from tenants.accounts.models import User
from tenants.health import waiting_work
from tenants.heartbeats import heard_of, silent
from tenants.models import Domain, Partner
from tenants.postgres import roles, schemas
from tenants.services.diagnosis.finding import Finding, fail, ok, warn
from tenants.services.pending import pending_partners, public_is_pending
from tenants.services.tables import missing_tables

LATE_SECONDS = 60.0
DOMAIN_LATE = timedelta(minutes=30)
SHOWN = 5
START = "Start it: manage.py worker."
BUSY = (
    "All of them are busy, or hang: see their logs. More at once: LIVERY_WORKERS, or a worker "
    "on another machine."
)
GONE = (
    "Start them again, or see why they cannot reach the database. One that is gone for good: "
    "manage.py worker --forget NAME (it is forgotten by itself after a week)."
)


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def check_migrations() -> Iterator[Finding]:
    """Whether every schema has what the code expects."""
    if public_is_pending():
        yield fail("migrations", "The public schema is behind.", "Run manage.py migrate.")
        return
    behind = [row.schema for row in pending_partners()]
    if behind:
        yield fail("migrations", f"Behind: {_some(behind)}.", "Run manage.py migrate_partners.")
    else:
        count = Partner.objects.count()
        told = "1 partner is up to date" if count == 1 else f"{count} partners are up to date"
        yield ok("migrations", told)


def check_schemas() -> Iterator[Finding]:
    """Whether partners and schemas belong together, table by table."""
    known = set(Partner.objects.values_list("schema_name", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        present = {str(row[0]) for row in cursor.fetchall()}
    gone = sorted(known - present)
    if gone:
        yield fail(
            "schemas", f"Partners without a schema: {_some(gone)}.", "Restore them from a backup."
        )
    lacking = missing_tables(known & present)
    for schema, tables in lacking.items():
        yield fail(
            "schemas",
            f"{schema} lacks {_some(tables)}; its pages would show the public schema's rows.",
            "Suspend the partner, then restore the tables from a backup.",
        )
    if not gone and not lacking:
        yield ok("schemas", f"{len(known)} have all their tables")


def check_leftovers() -> Iterator[Finding]:
    """Schemas of set-ups that were killed half-way."""
    known = set(Partner.objects.values_list("schema_name", flat=True))
    with roles.owner_connection() as owner:
        left = [name for name in schemas.unfinished_schemas(owner) if name not in known]
    if left:
        yield warn(
            "left-overs",
            f"Unfinished schemas: {_some(left)}.",
            "Set the partner up again, or run manage.py doctor --clean.",
        )
    else:
        yield ok("left-overs", "none")


def check_hosts() -> Iterator[Finding]:
    """Whether each active partner can be reached at both doors."""
    served = set(Domain.objects.filter(state=Domain.State.ACTIVE).values_list("tenant_id", "kind"))
    unreachable = [
        f"{partner.slug} ({kind})"
        for partner in Partner.objects.filter(status=Partner.Status.ACTIVE)
        for kind in Domain.Kind.values
        if (partner.pk, kind) not in served
    ]
    if unreachable:
        yield fail("hosts", f"No host in service: {_some(unreachable)}.", "Add one in the console.")
    else:
        yield ok("hosts", f"{len(served)} doors have a host")


def check_domains() -> Iterator[Finding]:
    """Whether partners' own domains are proved still, and looked at in time."""
    failing = Domain.objects.filter(state=Domain.State.FAILING).values_list("domain", flat=True)
    late = timezone.now() - DOMAIN_LATE
    if failing:
        yield warn(
            "domains",
            f"The proof is gone: {_some(list(failing))}.",
            "Their owners know; see Domains in the console.",
        )
    if Domain.objects.filter(check_after__lt=late).exists():
        yield warn(
            "domains", "Checks in DNS are late.", "Look at the worker and at LIVERY_DNS_SERVERS."
        )
    elif not failing:
        yield ok(
            "domains", f"{Domain.objects.filter(state=Domain.State.ACTIVE).count()} in service"
        )


def check_operators() -> Iterator[Finding]:
    """Whether anybody can sign in to the console."""
    count = User.objects.filter(kind=User.Kind.OPERATOR, is_active=True).count()
    if count:
        yield ok("operators", f"{count} may sign in")
    else:
        yield warn("operators", "Nobody may.", "Run manage.py create_operator.")


def check_worker() -> Iterator[Finding]:
    """Whether each worker lives, and due work and queue entries are taken up."""
    work, workers = waiting_work(), heard_of()
    beat, gone = min(workers.values(), default=None), silent(workers)
    heard = "no worker is at work" if beat is None else f"a worker was heard of {beat:.0f} s ago"
    is_alive = len(gone) < len(workers)
    ages = [work["oldest_due_seconds"], work["queue_oldest_seconds"]]
    oldest = max((float(str(age)) for age in ages if age is not None), default=0.0)
    if work["queue_waiting"] is None:
        to_do = "Start it, or mend LIVERY_REDIS_URL. Nothing is lost, work waits meanwhile."
        yield fail("queue", "Redis does not answer.", to_do)
    if oldest > LATE_SECONDS:
        to_do = BUSY if is_alive else START
        yield fail("worker", f"Work has waited for {oldest:.0f} s; {heard}.", to_do)
    elif not is_alive:
        yield warn("worker", f"{heard.capitalize()}.", f"{START} Nothing is waiting yet.")
    else:
        at_work, queued = len(workers) - len(gone), work["queue_waiting"] or 0
        yield ok("worker", f"{at_work} at work, {heard}, {queued} in the queue")
    if gone and is_alive:
        ages_of = ", ".join(f"{name} for {workers[name]:.0f} s" for name in gone[:SHOWN])
        yield warn("silent workers", f"Not heard of: {ages_of}.", GONE)


CHECKS = (
    check_schemas,
    check_leftovers,
    check_hosts,
    check_domains,
    check_operators,
    check_worker,
)
