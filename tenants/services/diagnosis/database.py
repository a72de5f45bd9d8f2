"""The database itself: which, through what, and as whom."""

from collections.abc import Iterator
from math import ceil

from django.conf import settings
from django.db import connection
from django.utils import timezone

from governance.append_only import append_only_tables
from tenants.postgres import roles
from tenants.postgres.binaries import OLDEST
from tenants.postgres.dump import DumpError, pg_dump_program
from tenants.postgres.pooler import REFUSAL, mixes_sessions, plain_parameters
from tenants.services.diagnosis.finding import Finding, fail, ok, warn

CLOCK_SECONDS = 2.0
LOCKS = 64  # the server's own default, and the step in which more are advised


def check_server() -> Iterator[Finding]:
    """Which server answers, and whether it is new enough."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = str(cursor.fetchone()[0])
    where = "DATABASE_URL" if settings.DATABASE_URL else "embedded"
    if int(version.split(".")[0]) < OLDEST:
        yield fail("database", f"PostgreSQL {version}", f"Use version {OLDEST} or newer.")
    else:
        yield ok("database", f"PostgreSQL {version} ({where})")


def check_pooler() -> Iterator[Finding]:
    """Whether sessions are mixed on the way."""
    if not settings.DATABASE_URL:
        yield ok("pooler", "none: the embedded server is reached directly")
        return
    if mixes_sessions(plain_parameters(connection.get_connection_params())):
        yield fail("pooler", "It mixes sessions.", REFUSAL)
    else:
        yield ok("pooler", "sessions are kept apart")


def check_roles() -> Iterator[Finding]:
    """What the role that serves requests could do if the program went wrong."""
    weak = roles.weaknesses()
    for text in weak:
        yield warn("database roles", "One role owns the tables and serves requests.", text)
    if weak:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        )
        powers = cursor.fetchone() or (False,)
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE tableowner = current_user "
            "AND schemaname NOT LIKE 'pg\\_%%'"
        )
        owned = int(cursor.fetchone()[0])
    if any(powers) or owned:
        yield fail(
            "database roles",
            f"The runtime role {roles.runtime_user()} has special powers or owns {owned} tables.",
            "Take them away: the owner's role has to own every table.",
        )
    else:
        yield ok("database roles", f"{roles.runtime_user()} works, another role owns")


def check_append_only() -> Iterator[Finding]:
    """Whether the audit trail can be rewritten, or dated back, by the role that serves requests."""
    tables = append_only_tables()
    own = [(table, column) for table, columns in tables.items() for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND ("
            "c.relname = ANY(%s) AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') "
            "OR EXISTS (SELECT FROM pg_attribute a "
            "JOIN unnest(%s::text[], %s::text[]) AS own (relation, attribute) "
            "ON attribute = a.attname AND relation = c.relname "
            "WHERE a.attrelid = c.oid AND has_column_privilege(c.oid, a.attnum, 'INSERT'))) "
            "ORDER BY 1",
            [list(tables), *([one[side] for one in own] for side in (0, 1))],
        )
        open_tables = [str(row[0]) for row in cursor.fetchall()]
    if not open_tables:
        yield ok("audit trail", "the runtime role can only add to it")
    elif roles.are_separate():
        yield fail(
            "audit trail",
            f"The runtime role can change {', '.join(open_tables[:5])}.",
            "Run manage.py migrate_partners --grant.",
        )
    else:
        yield warn("audit trail", "Only a trigger protects it, not a privilege.", roles.ONE_ROLE)


def check_clock() -> Iterator[Finding]:
    """Leases and due times compare this machine's clock with the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        difference = abs((timezone.now() - cursor.fetchone()[0]).total_seconds())
    if difference > CLOCK_SECONDS:
        yield warn("clock", f"{difference:.1f} s off the database's.", "Run a time service (NTP).")
    else:
        yield ok("clock", f"{difference:.2f} s off the database's")


def check_locks() -> Iterator[Finding]:
    """Whether the server can lock each table at once, as a dump of everything does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_class WHERE relkind = 'r'), "
            "current_setting('max_connections')::int "
            "+ current_setting('max_prepared_transactions')::int, "
            "current_setting('max_locks_per_transaction')::int"
        )
        yield judge_locks(*(cursor.fetchone() or (0, 1, 1)))


def judge_locks(tables: int, sessions: int, each: int) -> Finding:
    """Tell whether `sessions` times `each` locks are enough for a lock on every table."""
    room = sessions * each
    if tables <= room:
        return ok("locks", f"room for {room}; a dump of everything takes {tables}")
    return warn(
        "locks",
        f"A dump of everything locks {tables} tables; the server has room for {room} locks.",
        f"Set max_locks_per_transaction to {LOCKS * ceil(tables * 2 / sessions / LOCKS)} and "
        "restart PostgreSQL; a dump of one partner goes on working.",
    )


def check_dump_program() -> Iterator[Finding]:
    """Whether new partners can be made from the template."""
    try:
        yield ok("dump program", pg_dump_program())
    except DumpError as error:
        yield warn("dump program", "A new partner takes about ten times as long.", str(error))


CHECKS = (
    check_server,
    check_pooler,
    check_roles,
    check_append_only,
    check_clock,
    check_locks,
    check_dump_program,
)
