"""`doctor`: every check says what it saw and what to do, and the exit code tells."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from tenants.models import Domain, Heartbeat, Partner, TrailMark, Wakeup
from tenants.postgres import roles, schemas
from tenants.services.diagnosis import Finding, Level, diagnose, worst
from tenants.services.diagnosis import database as database_checks
from tenants.services.diagnosis import machine as machine_checks
from tenants.services.diagnosis import run as running

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _nothing_waits(db: None) -> None:
    """Tests with workers of their own commit what they do; here no work is left from them, nor
    what they said of it."""
    for model in (OrmQ, Wakeup, Heartbeat, TrailMark):
        model.objects.all().delete()


def level_of(name: str) -> Level:
    return worst([finding for finding in diagnose() if finding.name == name])


def told(name: str) -> str:
    return " ".join(f"{f.seen} {f.to_do}" for f in diagnose() if f.name == name)


def _leave_room(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    """Let the disk have so much room, whatever the machine's has."""
    usage = SimpleNamespace(free=megabytes * machine_checks.MEGABYTE)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)


def test_whatever_is_not_well_says_what_to_do() -> None:
    findings = diagnose()
    assert {finding.name for finding in findings} >= {
        *("disk", "master key", "queue settings", "addresses", "mail", "database", "pooler"),
        *("database roles", "audit trail", "clock", "dump program", "migrations", "schemas"),
        *("left-overs", "hosts", "domains", "operators", "worker"),
    }
    for finding in findings:
        assert finding.seen
        assert bool(finding.to_do) is (finding.level is not Level.OK), finding


def test_nothing_fails_in_a_sound_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_room(monkeypatch, megabytes=5000)
    failing = [finding for finding in diagnose() if finding.level is Level.FAIL]
    assert failing == []


def test_the_document_is_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_room(monkeypatch, megabytes=5000)
    out = io.StringIO()
    call_command("doctor", json=True, stdout=out)
    document = json.loads(out.getvalue())
    assert document["level"] == "warn"
    assert {"name", "level", "seen", "to_do"} == set(document["findings"][0])


def test_a_failure_ends_with_exit_code_one(settings: LazySettings) -> None:
    settings.MASTER_KEY = b"short"
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out, no_color=True)
    assert ended.value.code == 1
    assert "fail  master key" in out.getvalue()


@pytest.mark.parametrize(
    ("megabytes", "level"), [(100, Level.FAIL), (500, Level.WARN), (5000, Level.OK)]
)
def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, megabytes: int, level: Level) -> None:
    _leave_room(monkeypatch, megabytes)
    assert level_of("disk") is level


def test_queue_settings_that_run_tasks_twice(settings: LazySettings) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "retry": 300}
    assert level_of("queue settings") is Level.FAIL


def test_production_under_localhost(settings: LazySettings) -> None:
    settings.PRODUCTION = True
    assert level_of("addresses") is Level.FAIL


def test_one_role_for_all(settings: LazySettings) -> None:
    settings.OWNER_DATABASE = None
    assert level_of("database roles") is Level.WARN
    assert "LIVERY_OWNER_DATABASE_URL" in told("database roles")


@pytest.mark.parametrize("privilege", ["UPDATE", "INSERT", "INSERT (at)"])
def test_an_audit_trail_that_the_serving_role_can_change_or_date_back(privilege: str) -> None:
    with roles.owner_connection() as owner:
        owner.execute(
            f"GRANT {privilege} ON p_brightbridge.governance_auditentry TO livery_runtime".encode()
        )
    try:
        assert level_of("audit trail") is Level.FAIL
        assert "p_brightbridge.governance_auditentry" in told("audit trail")
    finally:
        call_command("migrate_partners", grant=True, stdout=io.StringIO())
    assert level_of("audit trail") is Level.OK


def test_a_server_that_cannot_lock_every_table() -> None:
    assert level_of("locks") is Level.OK
    assert database_checks.judge_locks(6_400, sessions=100, each=64).level is Level.OK
    finding = database_checks.judge_locks(70_000, sessions=100, each=64)
    assert finding.level is Level.WARN
    assert "max_locks_per_transaction to 1408" in finding.to_do


def test_a_partner_without_a_table(provision: Callable[..., Any]) -> None:
    provision("quince")
    with roles.owner_connection() as owner:
        owner.execute("SET LOCAL lock_timeout = '3s'")
        owner.execute("DROP TABLE p_quince.django_session")
    assert level_of("schemas") is Level.FAIL
    assert "p_quince lacks django_session" in told("schemas")


def test_a_partner_without_a_schema() -> None:
    Partner.objects.create(schema_name="p_gone", slug="gone", name="Gone", status="active")
    assert level_of("schemas") is Level.FAIL
    assert "p_gone" in told("schemas")


def test_what_a_killed_set_up_left_and_its_removal() -> None:
    with schemas.schema_work("p_killed") as owner:
        schemas.make_schema(owner, "p_killed", "")
    assert "p_killed" in told("left-overs")
    out = io.StringIO()
    call_command("doctor", clean=True, stdout=out)
    assert "Dropped the unfinished schema p_killed." in out.getvalue()
    assert level_of("left-overs") is Level.OK


def test_a_door_without_a_host() -> None:
    Domain.objects.filter(domain="northwind.localhost").update(state="removed")
    assert level_of("hosts") is Level.FAIL
    assert "northwind (portal)" in told("hosts")


def test_work_that_nobody_takes() -> None:
    Wakeup.objects.create(schema_name="p_northwind", due_at=timezone.now() - timedelta(minutes=10))
    assert level_of("worker") is Level.FAIL
    assert "manage.py worker" in told("worker")


def test_a_clock_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = timezone.now() + timedelta(minutes=10)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)
    assert [finding.level for finding in database_checks.check_clock()] == [Level.WARN]


def test_without_a_database_the_rest_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> Any:
        raise OperationalError("no route to host")

    monkeypatch.setattr(database_checks, "check_server", unreachable)
    findings = running.diagnose()
    assert findings[-1].level is Level.FAIL
    assert "no route to host" in findings[-1].seen
    assert "disk" in {finding.name for finding in findings}


def test_a_check_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_something() -> Any:
        raise KeyError("x")

    monkeypatch.setattr(machine_checks, "CHECKS", (check_something,))
    assert running.diagnose()[0] == Finding(
        "something", Level.FAIL, "KeyError: 'x'", "See the log."
    )


def test_before_the_first_migration_only_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("run", "partners"):
        monkeypatch.setattr(f"tenants.services.diagnosis.{place}.public_is_pending", lambda: True)
    findings = diagnose()
    assert findings[-1].name == "migrations"
    assert "manage.py migrate" in findings[-1].to_do


def test_domains_whose_proof_is_gone_or_whose_check_is_late_are_told() -> None:
    assert level_of("domains") is Level.OK
    row = Domain.objects.get(domain="northwind.localhost")
    Domain.objects.filter(pk=row.pk).update(state="failing")
    assert level_of("domains") is Level.WARN
    assert "northwind.localhost" in told("domains")
    late = timezone.now() - timedelta(hours=1)
    Domain.objects.filter(pk=row.pk).update(state="active", check_after=late)
    assert "late" in told("domains")
