"""The owner migrates; the role that serves requests cannot change tables or the trail."""

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError

from governance.models import AuditEntry
from governance.services import audit
from tenants import actions
from tenants.models import Partner
from tenants.postgres import bootstrap, roles
from tenants.postgres.grants import grant_runtime

FORBIDDEN = (
    "CREATE TABLE extra (id int)",
    "ALTER TABLE accounts_client ADD COLUMN extra int",
    "DROP TABLE accounts_client",
    "TRUNCATE accounts_client",
    "CREATE SCHEMA extra",
    "UPDATE governance_auditentry SET reason = 'rewritten'",
    "DELETE FROM governance_auditentry",
    "TRUNCATE governance_auditentry",
    "ALTER TABLE governance_auditentry DISABLE TRIGGER ALL",
    "DELETE FROM django_migrations",
    "SET ROLE livery_owner",
)


def note() -> None:
    audit.record(actions.PARTNER_RESUMED, object_kind="partner", object_id=1)


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def current_user() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_serving_role_is_refused(northwind: Partner, statement: str) -> None:
    note()
    with pytest.raises(ProgrammingError) as refused:
        execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert AuditEntry.objects.count() > 0


@pytest.mark.usefixtures("db")
def test_the_trail_of_the_public_schema_is_as_safe() -> None:
    note()
    with pytest.raises(ProgrammingError):
        execute("UPDATE public.governance_auditentry SET reason = 'rewritten'")


def test_the_serving_role_adds_to_the_trail_and_reads_it(northwind: Partner) -> None:
    before = AuditEntry.objects.count()
    note()
    assert AuditEntry.objects.count() == before + 1
    assert current_user() == bootstrap.RUNTIME


@pytest.mark.usefixtures("db")
def test_the_role_never_changes_inside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError), roles.as_owner():
        pass
    assert current_user() == bootstrap.RUNTIME


@pytest.mark.usefixtures("northwind")
def test_the_owners_connection_is_the_owner_on_the_same_database() -> None:
    with roles.owner_connection() as owner:
        row = owner.execute("SELECT current_user, current_database()").fetchone()
    assert row == (bootstrap.OWNER, connection.settings_dict["NAME"])


def test_what_the_owner_did_is_taken_back_with_an_exception(northwind: Partner) -> None:
    def half_way() -> None:
        with roles.owner_connection() as owner:
            owner.execute(f'CREATE TABLE "{northwind.schema_name}".half (id int)')
            raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_way()
    with roles.owner_connection() as owner:
        found = owner.execute("SELECT to_regclass(%s)", [f"{northwind.schema_name}.half"])
        assert found.fetchone() == (None,)


def test_a_table_made_later_is_the_serving_roles_only_after_granting(northwind: Partner) -> None:
    name = f'"{northwind.schema_name}".later'
    with roles.owner_connection() as owner:
        owner.execute(f"CREATE TABLE {name} (id int)")
    try:
        with pytest.raises(ProgrammingError):
            execute("SELECT * FROM later")
        with roles.owner_connection() as owner:
            grant_runtime(owner, northwind.schema_name)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM later")
            assert cursor.fetchone() == (0,)
            transaction.set_rollback(True)
    finally:
        with roles.owner_connection() as owner:
            owner.execute("SET lock_timeout = '5s'")
            owner.execute(f"DROP TABLE {name}")


def test_emptying_tables_between_tests_is_the_owners_work(northwind: Partner) -> None:
    name = f'"{northwind.schema_name}".scratch'
    with roles.owner_connection() as owner:
        owner.execute(f"CREATE TABLE {name} AS SELECT 1 AS id")
    try:
        connection.ops.execute_sql_flush([f"TRUNCATE {name}"])
        with roles.owner_connection() as owner:
            assert owner.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)
    finally:
        with roles.owner_connection() as owner:
            owner.execute(f"DROP TABLE {name}")


@pytest.fixture
def one_role(settings: object) -> None:
    """A DATABASE_URL whose role does everything."""
    settings.OWNER_DATABASE = None  # type: ignore[attr-defined]  # pytest-django's settings


@pytest.mark.usefixtures("one_role")
def test_with_one_role_everything_runs_and_the_weakness_is_told() -> None:
    assert not roles.are_separate()
    assert "LIVERY_OWNER_DATABASE_URL" in roles.weaknesses()[0]
    assert roles.credentials()["user"] == settings.DATABASES["default"]["USER"]


def test_with_two_roles_nothing_is_weaker() -> None:
    assert roles.are_separate()
    assert roles.weaknesses() == []
