"""The commands: what they print, and how they end when something is wrong."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from tenants.accounts.models import User
from tenants.context import public_scope
from tenants.models import Partner
from tests.actors import PASSWORD

ROOT = Path(__file__).resolve().parents[2]


def said_by(name: str, *arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue()


def manage(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run manage.py as people do, with some variables changed."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


NEW = ("--name=Quince Advisory", "--slug=quince", "--owner-email=q@q.example", "--owner-name=Q")


@pytest.mark.usefixtures("provision")
def test_a_partner_is_set_up_by_the_command() -> None:
    said = said_by("provision_partner", *NEW, "--portal-host=portal.quince.example")
    assert "Quince Advisory is set up." in said
    assert "http://admin.quince.localhost/welcome/" in said
    hosts = Partner.objects.get(slug="quince").domains.values_list("domain", flat=True)
    assert "portal.quince.example" in hosts


@pytest.mark.usefixtures("provision")
def test_a_wrong_partner_is_told_in_sentences() -> None:
    with pytest.raises(CommandError) as refused:
        said_by("provision_partner", "--name=", "--slug=www", "--owner-email=x", "--owner-name=Q")
    said = str(refused.value)
    for part in ("slug: 'www' is reserved", "name: Fill this in.", "owner email:"):
        assert part in said


@pytest.mark.usefixtures("db")
def test_an_operator_is_added_and_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVERY_OPERATOR_PASSWORD", PASSWORD)
    said = said_by("create_operator", "--email=Omar@op.example", "--name=Omar")
    assert said == "Omar may sign in as operator.\n"
    browser = Client(headers={"host": "localhost"})
    answer = browser.post("/sign-in/", {"email": "omar@op.example", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.usefixtures("db")
def test_an_operators_link_lets_them_choose_a_password() -> None:
    said = said_by("create_operator", "--email=omar@op.example", "--name=Omar", "--link")
    path = said.split("http://localhost")[1].strip()
    assert Client(headers={"host": "localhost"}).get(path).status_code == 200


@pytest.mark.parametrize(
    ("email", "name", "password", "message"),
    [
        ("nobody", "N", PASSWORD, "valid email"),
        ("olga@operator.example", "N", PASSWORD, "already exists"),
        ("n@op.example", "", PASSWORD, "name: Fill this in"),
        ("n@op.example", "N", "short", "password"),
    ],
)
def test_a_wrong_operator_is_refused(
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
    email: str,
    name: str,
    password: str,
    message: str,
) -> None:
    monkeypatch.setenv("LIVERY_OPERATOR_PASSWORD", password)
    with pytest.raises(CommandError, match=message):
        said_by("create_operator", f"--email={email}", f"--name={name}")
    with public_scope():
        assert User.objects.filter(kind="operator").count() == 1


def test_an_operators_token_works(operator: User) -> None:
    text = said_by("create_operator_token", "--email=OLGA@operator.example", "--name=ci").strip()
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {text}"})
    assert client.get("/api/v1/partners/").status_code == 200
    with pytest.raises(CommandError, match="no operator"):
        said_by("create_operator_token", "--email=nobody@x.example", "--name=ci")


@pytest.mark.usefixtures("db")
def test_the_embedded_servers_state_is_told() -> None:
    said = said_by("database", "status")
    assert said.startswith("PostgreSQL ")
    assert "psql -h" in said


def test_there_is_nothing_to_manage_with_a_given_database(settings: LazySettings) -> None:
    settings.DATABASE_URL = "postgresql://x/y"
    with pytest.raises(CommandError, match="no embedded server"):
        said_by("database", "stop")


def test_an_unreachable_database_says_what_to_do_without_a_traceback() -> None:
    done = manage("migrate", DATABASE_URL="postgresql://me:s3cret@no-such-host.invalid/nowhere")
    assert done.returncode != 0
    assert "Check DATABASE_URL" in done.stderr
    assert "'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_check_needs_no_database(open_dir: Path) -> None:
    done = manage("check", LIVERY_STATE_DIR=str(open_dir / "state"))
    assert done.returncode == 0, done.stderr
    assert not (open_dir / "state" / "postgres").exists(), "nothing was started"


def test_doctor_tells_what_it_can_without_a_database() -> None:
    done = manage("doctor", DATABASE_URL="postgresql://me@127.0.0.1:1/nowhere")
    assert done.returncode == 1
    assert "fail  database" in done.stdout
    assert "disk" in done.stdout


@pytest.mark.crash
def test_a_given_database_of_one_role_runs_and_says_what_is_weaker(db: None) -> None:
    """As on a small host: one role, which owns the database, over the embedded server."""
    from urllib.parse import quote

    from django.db import connection

    from tenants.postgres import bootstrap, roles

    with roles.owner_connection(autocommit=True) as owner:
        owner.execute("DROP DATABASE IF EXISTS one_role")
        owner.execute("CREATE DATABASE one_role")
    host = quote(str(connection.settings_dict["HOST"]), safe="")
    url = f"postgresql://{bootstrap.OWNER}@/one_role?host={host}"
    try:
        made = manage("migrate", DATABASE_URL=url)
        assert made.returncode == 0, made.stderr
        assert "One database role does everything" in made.stderr
        said = manage("provision_partner", *NEW, DATABASE_URL=url)
        assert "Quince Advisory is set up." in said.stdout, said.stderr
        told = manage("doctor", DATABASE_URL=url)
        assert "LIVERY_OWNER_DATABASE_URL" in told.stdout
        assert "Only a trigger protects it" in told.stdout
    finally:
        with roles.owner_connection(autocommit=True) as owner:
            owner.execute("DROP DATABASE IF EXISTS one_role WITH (FORCE)")
