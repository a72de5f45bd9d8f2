"""What new partners are made from, and that they come out as if migrated."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from tenants.accounts.models import User
from tenants.context import schema_scope
from tenants.postgres import roles, schemas
from tenants.services import tables, template
from tenants.services.owner_invitation import Provisioned
from tenants.services.pending import pending_in

Provision = Callable[..., Provisioned]
CASTS = re.compile(r"::(character varying|[a-z]+)(\[\])?|[()]")
pytestmark = pytest.mark.usefixtures("provision")


def shape_of(schema: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all that makes a schema: columns, constraints, indexes, triggers, functions."""
    queries = {
        "columns": "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, "
        "replace(coalesce(column_default, ''), %(s)s, ''), is_identity "
        "FROM information_schema.columns WHERE table_schema = %(s)s ORDER BY 1, 3",
        "constraints": "SELECT conrelid::regclass::text, conname, "
        "replace(pg_get_constraintdef(oid), %(s)s, '') FROM pg_constraint "
        "WHERE connamespace = %(s)s::regnamespace ORDER BY 1, 2",
        "indexes": "SELECT tablename, indexname, replace(indexdef, %(s)s, '') FROM pg_indexes "
        "WHERE schemaname = %(s)s ORDER BY 1, 2",
        "triggers": "SELECT event_object_table, trigger_name, event_manipulation "
        "FROM information_schema.triggers WHERE trigger_schema = %(s)s ORDER BY 1, 2, 3",
        "functions": "SELECT proname, replace(prosrc, %(s)s, '') FROM pg_proc "
        "WHERE pronamespace = %(s)s::regnamespace ORDER BY 1",
        "sequences": "SELECT sequencename, data_type::text FROM pg_sequences "
        "WHERE schemaname = %(s)s ORDER BY 1",
        "privileges": "SELECT table_name, privilege_type FROM information_schema.table_privileges "
        "WHERE table_schema = %(s)s AND grantee = 'livery_runtime' ORDER BY 1, 2",
    }
    with schema_scope(schema), connection.cursor() as cursor:
        found = {}
        for name, query in queries.items():
            cursor.execute(query, {"s": schema})
            found[name] = [tuple(plain(value) for value in row) for row in cursor.fetchall()]
        return found


def plain(value: object) -> object:
    """Return an expression without casts and brackets: PostgreSQL prints one that it has read
    back with some more of both, and means the same.
    """
    return CASTS.sub("", value) if isinstance(value, str) else value


def test_nothing_is_pending_and_no_table_is_missing(provision: Provision) -> None:
    provision()
    assert pending_in(["p_quince"]) == []
    assert tables.missing_tables(["p_quince"]) == {}
    # What another one replaces is recorded as well.
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    with schema_scope("p_quince"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM p_quince.django_migrations")
        assert cursor.fetchone() == (len(known),)


def test_ids_begin_alike_everywhere_and_types_are_in_public_alone(provision: Provision) -> None:
    provision()
    with schema_scope("p_quince"):
        assert User.objects.get().pk == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename IN "
            "('django_content_type', 'auth_permission', 'django_admin_log', 'django_q_ormq')"
        )
        assert {row[0] for row in cursor.fetchall()} == {"public"}


def test_no_person_comes_along_from_the_template(provision: Provision) -> None:
    provision()
    provision("medlar", owner_email="m@medlar.example")
    with schema_scope("p_medlar"):
        assert list(User.objects.values_list("email", flat=True)) == ["m@medlar.example"]


def test_without_a_fitting_pg_dump_it_is_migrated_step_by_step_to_the_same_schema(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = template.script_for("p_replayed")
    assert script, "this machine has no pg_dump that fits"
    with schemas.schema_work("p_replayed") as owner:
        schemas.make_schema(owner, "p_replayed", script)
    monkeypatch.setattr(template, "script_for", lambda schema: None)
    provision()
    assert tables.missing_tables(["p_quince"]) == {}
    assert pending_in(["p_replayed", "p_quince"]) == []
    replayed, migrated = shape_of("p_replayed"), shape_of("p_quince")
    for part, rows in migrated.items():
        assert rows, part
        assert replayed[part] == rows, part


def test_the_template_holds_no_rows_but_the_history() -> None:
    script = template.script_for("p_any")
    assert script
    inserted = {line.split()[2] for line in script.splitlines() if line.startswith("INSERT INTO")}
    assert inserted == {"p_any.django_migrations"}
    assert "\\restrict" not in script


def test_a_locked_schema_is_not_waited_for_for_ever() -> None:
    with schemas.schema_work("p_locked") as owner:
        schemas.make_schema(owner, "p_locked", "")
        owner.execute("CREATE TABLE p_locked.busy (id int)")
        owner.execute("SET lock_timeout = '50ms'")
        with roles.owner_connection() as other:
            other.execute("LOCK TABLE p_locked.busy")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                schemas.drop_schema(owner, "p_locked")


def test_the_script_is_prepared_before_anybody_needs_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(path: Path) -> str:
        built.append(path)
        return ""

    monkeypatch.setattr(template, "_build", build)
    settings.STATE_DIR = tmp_path
    assert template.prepare()
    assert [path.parent for path in built] == [tmp_path / "templates"]
    built[0].parent.mkdir()
    built[0].write_text("")
    assert not template.prepare(), "it is there"
