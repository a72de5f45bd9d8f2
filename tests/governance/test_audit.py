"""The audit trail: written with what it tells of, from every door, and only once."""

from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from governance import correlation
from governance.actions import CHANGE_PROPOSED, POLICIES_STARTED, Action
from governance.actors import Actor, command_actor, task_actor
from governance.append_only import MAINTENANCE_SETTING, append_only_tables
from governance.errors import AppendOnly, UnknownAction
from governance.models import Approval, AuditEntry
from governance.services import audit
from syncjobs import tasks
from tenants.context import public_scope
from tenants.models import Partner
from tenants.postgres import roles

TABLES = (
    "governance_approval",
    "governance_auditentry",
    "governance_auditseal",
    "governance_auditanchor",
)


def _key(table: str) -> str:
    return "number" if table == "governance_auditseal" else "id"


def _record(**fields: object) -> AuditEntry:
    audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=7, **fields)  # type: ignore[arg-type]  # short for the tests
    return AuditEntry.objects.latest("id")


def test_an_entry_carries_who_where_and_what(northwind: Partner) -> None:
    alice = Actor("person", 3, "Alice", permissions=frozenset())
    with correlation.scope(
        actor=alice, door="admin", address="192.0.2.7", correlation_id="abc-123"
    ):
        entry = _record(before={"lit": False}, after={"lit": True}, reason="It got dark.")
    entry.refresh_from_db()
    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == ("person", 3, "Alice")
    assert (entry.door, entry.address, entry.correlation_id) == ("admin", "192.0.2.7", "abc-123")
    assert (entry.action, entry.object_kind, entry.object_id) == ("change.proposed", "lamp", "7")
    assert (entry.before, entry.after, entry.reason) == (
        {"lit": False},
        {"lit": True},
        "It got dark.",
    )


@pytest.mark.parametrize(
    ("actor", "door"),
    [
        (Actor("person", 1, "Alice"), "admin"),
        (Actor("person", 2, "Heidi", client_id=1), "portal"),
        (Actor("token", 4, "CI"), "api"),
        (task_actor("sweep"), "task"),
        (command_actor("demo"), "command"),
    ],
)
def test_every_door_writes_under_its_own_name(northwind: Partner, actor: Actor, door: str) -> None:
    with correlation.scope(actor=actor, door=door):
        entry = _record()
    assert (entry.actor_kind, entry.door) == (actor.kind, door)


def test_a_real_command_writes_as_a_command(db: None) -> None:
    with public_scope():
        call_command("create_operator", email="op@host.example", name="Op", link=True, verbosity=0)
        entry = AuditEntry.objects.latest("id")
    assert (entry.door, entry.actor_kind, entry.actor_label) == (
        "command",
        "command",
        "create_operator",
    )


def test_a_real_task_writes_as_a_task_in_the_schema_that_it_was_rung_for(
    northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(**asked: object) -> SimpleNamespace:
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id="from a task")
        return SimpleNamespace(more=False, deliveries=0, read=0)

    monkeypatch.setattr(tasks, "drain", work)
    with public_scope():
        tasks.run(northwind.schema_name)
    entry = AuditEntry.objects.get(object_id="from a task")
    assert (entry.door, entry.actor_kind) == ("task", "task")


def test_a_secret_never_reaches_the_table(northwind: Partner) -> None:
    canary = "canary-5c1e9"
    _record(
        after={"config": {"api_key": canary, "url": f"https://u:{canary}@host/"}},
        reason=f"Bearer {canary}",
        object_label=f"https://host/?token={canary}",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM governance_auditentry e WHERE e::text LIKE %s", [f"%{canary}%"]
        )
        assert cursor.fetchone() == (0,)


@transaction.atomic
def _record_then_fail() -> None:
    _record()
    audit.record(Action("lamp.lit", "Lit"), object_kind="lamp", object_id=1)


def test_an_entry_goes_with_the_transaction_that_it_tells_of(northwind: Partner) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(UnknownAction):
        _record_then_fail()
    assert AuditEntry.objects.count() == before


def test_many_entries_are_one_insert(northwind: Partner) -> None:
    drafts = [audit.EntryDraft(CHANGE_PROPOSED, "lamp", number) for number in range(200)]
    with CaptureQueriesContext(connection) as captured:
        audit.record_many(drafts)
    inserts = [one["sql"] for one in captured if one["sql"].startswith("INSERT")]
    assert len(inserts) == 1
    assert AuditEntry.objects.filter(object_kind="lamp").count() == 200


def test_an_entry_is_prepared_once_for_its_schema_and_as_any_other_when_watched(
    northwind: Partner,
) -> None:
    for number in range(6):
        client = None if number % 2 else 70_000 * number  # of whatever size: one statement
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=number, client_id=client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE from_sql = false")
        found = [row[0] for row in cursor if row[0].startswith('INSERT INTO "')]
    single = [one for one in found if "VALUES" in one]
    mine = [one for one in single if f'"{northwind.schema_name}".governance_auditentry' in one]
    assert len(mine) == 1
    with CaptureQueriesContext(connection) as seen:
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=9)
    assert [one["sql"][:11] for one in seen] == ["INSERT INTO"]
    with pytest.raises(DatabaseError), transaction.atomic():
        audit.record(CHANGE_PROPOSED, object_kind="x" * 61, object_id=1)  # errors are Django's
    ids = AuditEntry.objects.filter(object_kind="lamp").values_list("object_id", "client_id")
    assert set(ids) >= {("4", 280_000), ("5", None), ("9", None)}


def test_nothing_to_write_is_no_statement(northwind: Partner) -> None:
    with CaptureQueriesContext(connection) as captured:
        audit.record_many([])
    assert not captured.captured_queries


def test_an_unregistered_action_writes_nothing(northwind: Partner) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(UnknownAction):
        audit.record(Action("lamp.lit", "Lit"), object_kind="lamp", object_id=1)
    assert AuditEntry.objects.count() == before


def test_the_time_is_the_databases(northwind: Partner) -> None:
    entry = _record()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at <= clock_timestamp() FROM governance_auditentry WHERE id = %s", [entry.pk]
        )
        assert cursor.fetchone() == (True,)
    assert not AuditEntry._meta.get_field("at").editable


def test_the_model_refuses_before_the_database_is_asked(northwind: Partner) -> None:
    entry = _record()
    entry.reason = "Other."
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        entry.delete()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.all().delete()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.filter(pk=entry.pk).update(reason="Other.")
    with pytest.raises(AppendOnly):
        AuditEntry.objects.bulk_update([entry], ["reason"])
    with pytest.raises(AppendOnly):
        Approval.objects.all().delete()


FORBIDDEN = [
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP TRIGGER written_once ON {table}",
    "DROP TABLE {table}",
    "ALTER TABLE {table} DROP COLUMN id",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("table", TABLES)
def test_postgresql_refuses_the_runtime_role(
    northwind: Partner, table: str, statement: str
) -> None:
    if not roles.are_separate():
        pytest.fail("The tests need two database roles; unset DATABASE_URL.")
    _record()
    for setup in ("SELECT 1", f"SET LOCAL {MAINTENANCE_SETTING} = 'on'"):
        with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
            _run_both(setup, statement.format(table=table, column=_key(table)))


@transaction.atomic
def _run_both(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_an_upsert_cannot_rewrite_an_entry(northwind: Partner) -> None:
    entry = _record()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.bulk_create(
            [AuditEntry(pk=entry.pk, actor_label="Somebody else", before=None, after=None)],
            update_conflicts=True,
            update_fields=["actor_label"],
            unique_fields=["id"],
        )


@pytest.mark.parametrize("schema", ["public", "partner"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET {key} = {key}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", TABLES)
def test_even_the_owner_is_refused_in_normal_operation(
    northwind: Partner, table: str, verb: str, schema: str
) -> None:
    name = northwind.schema_name if schema == "partner" else "public"
    with roles.owner_connection() as owner:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="written once"),
            owner.transaction(),
        ):
            owner.execute(verb.format(f'"{name}".{table}', key=_key(table)).encode())
        owner.rollback()


def test_the_guard_of_a_replayed_schema_is_its_own(northwind: Partner) -> None:
    """A schema made from a dump under another name must not lean on the template."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pn.nspname FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace"
            " WHERE t.tgname = 'written_once' AND n.nspname = %s",
            [northwind.schema_name],
        )
        found = dict(cursor.fetchall())
    assert set(append_only_tables()) <= set(found)
    assert set(found.values()) == {northwind.schema_name}


def test_provisioning_left_a_trail(northwind: Partner) -> None:
    kinds = set(AuditEntry.objects.values_list("door", flat=True))
    assert kinds == {"command"}
    assert POLICIES_STARTED.key in set(AuditEntry.objects.values_list("action", flat=True))


def test_the_migrations_are_complete(northwind: Partner) -> None:
    call_command("makemigrations", "governance", check=True, dry_run=True, verbosity=0)
