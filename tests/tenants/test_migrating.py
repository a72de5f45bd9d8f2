"""Bringing partners up to date: who is behind, a canary first, and going on after a failure.

Migrations commit, so these tests work on partners whose rows are committed too, and are
taken away afterwards.
"""

import io
import os
import signal
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tenants.postgres import roles
from tenants.postgres.backend import base
from tenants.services import migrating, template
from tenants.services.pending import (
    Pending,
    migrations_hash,
    pending_in,
    pending_partners,
    public_is_pending,
)
from tenants.services.tables import missing_tables
from tests.tenants.cleanup import set_up, take_away

SLUGS = ("alpha-mig", "beta-mig", "gamma-mig")
SCHEMAS = tuple(f"p_{slug.replace('-', '_')}" for slug in SLUGS)


@pytest.fixture(scope="module")
def three(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Three committed partners, made once for all tests here."""
    with django_db_blocker.unblock():
        take_away(SLUGS)
        set_up(SLUGS)
    yield
    with django_db_blocker.unblock():
        take_away(SLUGS)


@pytest.fixture
def three_behind(three: None, committed: None) -> tuple[str, ...]:
    """The three lack the sessions table and its migration, whatever the test before has done."""
    with roles.owner_connection() as owner:
        for schema in SCHEMAS:
            owner.execute(f"DROP TABLE IF EXISTS {schema}.django_session")
            owner.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'sessions'")
    return SCHEMAS


def run(**options: object) -> str:
    out = io.StringIO()
    call_command("migrate_partners", stdout=out, **options)
    return out.getvalue()


def block(schema: str) -> None:
    """Put a table in the way, so that the migration of this partner fails."""
    with roles.owner_connection() as owner:
        owner.execute(f"CREATE TABLE {schema}.django_session (in_the_way int)")


def unblock(schema: str) -> None:
    with roles.owner_connection() as owner:
        owner.execute(f"DROP TABLE {schema}.django_session")


def test_who_is_behind_is_asked_in_one_query_for_all(three_behind: tuple[str, ...]) -> None:
    with CaptureQueriesContext(connection) as captured:
        pending = pending_partners()
    assert pending == [Pending(schema, 1) for schema in three_behind]
    asking = [row["sql"] for row in captured if "p_alpha_mig" in row["sql"]]
    histories = [text for text in asking if "UNION ALL" in text]
    assert len(histories) == 1
    assert all(schema in histories[0] for schema in (*three_behind, "p_northwind"))
    assert len(captured) <= 5, "partners, who has a history, one over all, two search paths"


def test_a_schema_without_a_history_is_behind_altogether(db: None) -> None:
    assert pending_in(["p_northwind", "pg_catalog"]) == [Pending("pg_catalog", None)]


@pytest.mark.usefixtures("db")
def test_nobody_is_behind_after_a_set_up() -> None:
    assert pending_in(["p_northwind", "p_brightbridge"]) == []
    assert not public_is_pending()


def test_all_are_migrated_with_progress_and_the_canary_first(three_behind: tuple[str, ...]) -> None:
    said = run(canary="gamma-mig", jobs=2)
    assert "3 to migrate; p_gamma_mig goes first." in said
    lines = [line for line in said.splitlines() if line.startswith("[")]
    assert lines[0].startswith("[1/3] p_gamma_mig: done in")
    assert len(lines) == 3
    assert pending_in(list(three_behind)) == []
    assert missing_tables(three_behind) == {}


def test_a_second_run_finds_nothing_to_do(three_behind: tuple[str, ...]) -> None:
    run()
    assert run() == "Every partner is up to date.\n"


def test_when_the_canary_fails_the_others_are_not_touched(three_behind: tuple[str, ...]) -> None:
    block("p_alpha_mig")
    with pytest.raises(CommandError) as failed:
        run()
    assert "1 not migrated" in str(failed.value)
    assert "p_alpha_mig: ProgrammingError" in str(failed.value)
    assert [row.schema for row in pending_in(list(three_behind))] == list(three_behind)


def test_one_that_fails_stops_no_other_and_the_next_run_takes_it_up(
    three_behind: tuple[str, ...],
) -> None:
    block("p_beta_mig")
    with pytest.raises(CommandError) as failed:
        run(jobs=1)
    assert "p_beta_mig" in str(failed.value)
    assert "p_gamma_mig" not in str(failed.value)
    assert pending_in(list(three_behind)) == [Pending("p_beta_mig", 1)]
    unblock("p_beta_mig")
    assert "1 to migrate; p_beta_mig goes first." in run()
    assert pending_in(list(three_behind)) == []


def test_a_lock_is_waited_for_shortly_and_the_partner_stays_behind(
    three_behind: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert base.LOCK_TIMEOUT == "5s"
    monkeypatch.setattr(base, "LOCK_TIMEOUT", "100ms")  # the children are forks of this process
    with roles.owner_connection() as busy:
        busy.execute("LOCK TABLE p_alpha_mig.django_migrations IN ACCESS EXCLUSIVE MODE")
        (outcome,) = migrating._in_children(["p_alpha_mig"], 1)
    assert "lock timeout" in outcome.error
    assert pending_in(["p_alpha_mig"]) == [Pending("p_alpha_mig", 1)]


def test_the_serving_role_may_use_what_a_migration_has_made(three_behind: tuple[str, ...]) -> None:
    run()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('p_alpha_mig.django_session', 'INSERT'), "
            "has_table_privilege('p_alpha_mig.governance_auditentry', 'UPDATE')"
        )
        assert cursor.fetchone() == (True, False)


def test_the_plan_lists_who_is_behind_and_changes_nothing(three_behind: tuple[str, ...]) -> None:
    said = run(plan=True)
    assert "p_beta_mig: lacks 1" in said
    assert len(pending_in(list(three_behind))) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"canary": "nobody"}, "no partner 'nobody'"), ({"jobs": 0}, "1 or more")],
)
def test_wrong_options_are_refused(
    committed: None, options: dict[str, object], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(**options)


def test_a_child_that_is_killed_is_reported(
    three_behind: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_migrate_one", kill_itself)
    (outcome,) = migrating._in_children(["p_alpha_mig"], 1)
    assert "killed" in outcome.error


def kill_itself(schema: str) -> None:
    """Stand in for a migration whose process the kernel ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_template_follows_the_migrations(db: None) -> None:
    assert template._path().name.startswith(migrations_hash())


def test_a_schema_that_began_with_steps_goes_on_with_them_and_has_then_done_all_in_one(
    three_behind: tuple[str, ...],
) -> None:
    run()
    with roles.owner_connection() as owner:
        for schema, since in (("p_alpha_mig", "0014"), ("p_beta_mig", "0013")):
            owner.execute(
                f"DELETE FROM {schema}.django_migrations WHERE app = 'syncjobs' "
                f"AND (name LIKE '0001\\_squashed%' OR name >= '{since}')"
            )
            # What came after the single steps.
            owner.execute(
                f"ALTER TABLE {schema}.syncjobs_connection DROP COLUMN ask_first_until; "
                f"DROP INDEX {schema}.record_printed; "
                f"ALTER TABLE {schema}.syncjobs_issue DROP COLUMN escalated_at, "
                "DROP COLUMN escalated_to, DROP COLUMN level; "
                f"ALTER TABLE {schema}.syncjobs_stream DROP COLUMN shape; "
                f"DROP TABLE {schema}.syncjobs_message, {schema}.syncjobs_endpoint"
            )
        owner.execute(
            "DROP INDEX p_beta_mig.record_recent; "
            "CREATE INDEX record_recent ON p_beta_mig.syncjobs_canonicalrecord (changed_at); "
            "CREATE INDEX event_client ON p_beta_mig.syncjobs_event (client_id)"
        )
    assert [row.schema for row in pending_in(list(SCHEMAS))] == ["p_alpha_mig", "p_beta_mig"]
    assert "2 to migrate" in run()
    assert pending_in(list(SCHEMAS)) == []
    with roles.owner_connection() as owner:
        found = owner.execute(
            "SELECT schemaname, indexname FROM pg_indexes WHERE schemaname = ANY(%s) "
            "AND (indexname = 'event_client' OR indexdef LIKE '%%(type, client_id, changed_at %%')",
            [list(SCHEMAS)],
        ).fetchall()
    assert sorted(found) == [(schema, "record_recent") for schema in SCHEMAS]
