"""Setting up a partner: all of it, or nothing."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from pytest_django import Settings

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts.invitations import person_of_link
from tenants.accounts.models import User
from tenants.context import current_schema, schema_scope
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles, schemas
from tenants.services import migrating, starting_content, tables, template
from tenants.services.hosts import HostDraft
from tenants.services.leftovers import drop_leftovers
from tenants.services.owner_invitation import Provisioned, renew_invitation
from tenants.services.pending import expected_migrations, pending_in
from tenants.services.provisioning import ProvisioningError
from tests import actors
from tests.tenants.cleanup import set_up, take_away

BUILDER = command_actor("tests")
Provision = Callable[..., Provisioned]
Outside = Callable[[Callable[[], object]], object]
CASTS = re.compile(r"::(character varying|[a-z]+)(\[\])?|[()]")
pytestmark = pytest.mark.usefixtures("provision")


def schema_names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p\\_%'")
        return {str(row[0]) for row in cursor.fetchall()}


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


def test_a_partner_is_set_up_whole(provision: Provision) -> None:
    made = provision()
    partner = Partner.objects.get(slug="quince")
    assert made.partner == partner
    assert (partner.status, partner.schema_name) == ("active", "p_quince")
    assert {(row.domain, row.kind, row.state) for row in Domain.objects.filter(tenant=partner)} == {
        ("admin.quince.localhost", "admin", "active"),
        ("quince.localhost", "portal", "active"),
    }
    assert Wakeup.objects.filter(schema_name="p_quince").exists()
    with schema_scope("p_quince"):
        owner = User.objects.get()
        assert (owner.email, owner.roles) == ("owner@quince.example", ["owner"])
        assert not owner.has_usable_password()


def test_the_owners_link_lets_them_in_once_at_their_own_host(provision: Provision) -> None:
    made = provision()
    assert made.invitation_link.startswith("http://admin.quince.localhost/welcome/")
    uid, token = made.invitation_link.rstrip("/").split("/")[-2:]
    with schema_scope("p_quince"):
        person = person_of_link(uid, token)
        assert person is not None
        person.set_password(actors.PASSWORD)
        person.save()
        assert person_of_link(uid, token) is None


def test_the_link_opens_nothing_at_another_partner(provision: Provision) -> None:
    uid, token = provision().invitation_link.rstrip("/").split("/")[-2:]
    with schema_scope("p_northwind"):
        assert person_of_link(uid, token) is None


def test_the_schema_is_the_same_as_a_migrated_one() -> None:
    script = template.script_for("p_replayed")
    assert script, "this machine has no pg_dump that fits"
    for name, text in (("p_replayed", script), ("p_migrated", "")):
        with schemas.schema_work(name) as owner:
            schemas.make_schema(owner, name, text)
    template.migrate_schema("p_migrated")
    replayed, migrated = shape_of("p_replayed"), shape_of("p_migrated")
    for part, rows in migrated.items():
        assert replayed[part] == rows, part
    assert pending_in(["p_replayed", "p_migrated"]) == []


def test_nothing_is_pending_and_no_table_is_missing(provision: Provision) -> None:
    provision()
    assert pending_in(["p_quince"]) == []
    assert tables.missing_tables(["p_quince"]) == {}
    with schema_scope("p_quince"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM p_quince.django_migrations")
        assert cursor.fetchone() == (len(expected_migrations()),)


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


def test_change_control_is_on_from_the_first_minute(provision: Provision) -> None:
    provision()
    with schema_scope("p_quince"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM p_quince.governance_policy")
        assert cursor.fetchone()[0] > 0


def test_the_callers_schema_is_selected_afterwards(
    northwind: Partner, provision: Provision
) -> None:
    provision()
    assert current_schema() == northwind.schema_name


def test_it_is_in_the_operators_trail_and_in_the_partners(
    provision: Provision, operating: Actor
) -> None:
    provision(actor=operating)
    entry = AuditEntry.objects.get(action="partner.provisioned", object_label="Quince Advisory")
    assert entry.after is not None
    assert entry.after["slug"] == "quince"
    with schema_scope("p_quince"):
        assert AuditEntry.objects.filter(action="account.invited").exists()


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("slug", {"slug": "Über"}),
        ("slug", {"slug": "-a"}),
        ("slug", {"slug": "a--b"}),
        ("slug", {"slug": "a_b"}),
        ("slug", {"slug": "9lives"}),
        ("slug", {"slug": ""}),
        ("slug", {"slug": "a" * 41}),
        ("slug", {"slug": "a.b"}),
        ("slug", {"slug": "a;drop"}),
        ("slug", {"slug": "admin"}),
        ("slug", {"slug": "www"}),
        ("slug", {"slug": "northwind"}),
        ("name", {"name": "  "}),
        ("name", {"name": "n" * 121}),
        ("owner_name", {"owner_name": ""}),
        ("owner_email", {"owner_email": "nobody"}),
        ("hosts", {"hosts": [HostDraft("http://x.example", "portal")]}),
        ("hosts", {"hosts": [HostDraft("northwind.localhost", "portal")]}),
        ("hosts", {"hosts": [HostDraft("localhost", "portal")]}),
    ],
)
def test_a_wrong_request_names_its_field_and_makes_nothing(
    field: str, changed: dict[str, object], provision: Provision
) -> None:
    before = schema_names()
    with pytest.raises(ValidationError) as refused:
        provision(**{"slug": "quince", **changed})
    assert list(refused.value.message_dict) == [field]
    assert schema_names() == before
    assert not Partner.objects.filter(slug="quince").exists()


def test_all_that_is_wrong_is_said_at_once(provision: Provision) -> None:
    with pytest.raises(ValidationError) as refused:
        provision(slug="WWW!", name="", owner_email="x")
    assert set(refused.value.message_dict) == {"slug", "name", "owner_email"}


def test_only_an_operator_sets_up_partners(provision: Provision) -> None:
    nobody = Actor(kind="person", id=1, label="Alice", permissions=frozenset({"users.manage"}))
    with pytest.raises(NotPermitted):
        provision(actor=nobody)


@pytest.fixture
def broken_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting content of some app that fails."""

    def fail(actor: Actor, partner: Partner) -> None:
        raise RuntimeError("no content today")

    monkeypatch.setattr(starting_content, "_contents", [*starting_content._contents, fail])


@pytest.mark.usefixtures("broken_content")
def test_a_failure_on_the_way_leaves_nothing(provision: Provision, outside: Outside) -> None:
    before = schema_names()
    with pytest.raises(RuntimeError, match="no content today"):
        outside(provision)
    assert schema_names() == before
    assert not Partner.objects.filter(slug="quince").exists()
    assert not Domain.objects.filter(domain__contains="quince").exists()
    assert not Wakeup.objects.filter(schema_name="p_quince").exists()


def test_a_table_that_is_missing_afterwards_stops_it(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        tables, "expected_tables", lambda: frozenset({"accounts_user", "never_made"})
    )
    with pytest.raises(ProvisioningError, match="never_made"):
        provision()
    assert "p_quince" not in schema_names()


def leave_unfinished(schema: str) -> None:
    """Do what a process does that is killed between the schema and the rows."""
    with schemas.schema_work(schema) as owner:
        schemas.make_schema(owner, schema, "")
        owner.execute(f"CREATE TABLE {schema}.half_done (id int)")


def test_what_a_killed_set_up_left_is_replaced(provision: Provision) -> None:
    leave_unfinished("p_quince")
    provision()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('p_quince.half_done')")
        assert cursor.fetchone() == (None,)


def killed_on_the_way(slug: str) -> int:
    """Set up a partner in a child that is killed before its rows are committed; its status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        migrating._forget_connections()
        starting_content._contents.append(
            lambda actor, partner: os.kill(os.getpid(), signal.SIGKILL)
        )
        set_up([slug])
    finally:
        os._exit(1)


@pytest.mark.usefixtures("committed")
def test_a_set_up_whose_process_is_killed_leaves_no_partner_and_can_be_repeated() -> None:
    take_away(["killed"])
    assert os.WTERMSIG(killed_on_the_way("killed")) == signal.SIGKILL
    assert not Partner.objects.filter(slug="killed").exists()
    assert not Domain.objects.filter(domain__contains="killed").exists()
    assert "p_killed" in schema_names()
    set_up(["killed"])
    try:
        assert Partner.objects.get(slug="killed").status == "active"
        assert tables.missing_tables(["p_killed"]) == {}
        assert drop_leftovers() == [], "a partner's schema is no left-over"
    finally:
        take_away(["killed"])


def test_what_a_killed_set_up_left_can_be_cleaned_away() -> None:
    leave_unfinished("p_killed")
    assert drop_leftovers() == ["p_killed"]
    assert "p_killed" not in schema_names()
    assert {"p_northwind", "p_brightbridge"} <= schema_names()


@pytest.fixture
def somebodys_schema() -> Iterator[str]:
    """A schema with a partner's kind of name that is not ours to drop."""
    with roles.owner_connection() as owner:
        owner.execute("CREATE SCHEMA p_quince")
        owner.execute("CREATE TABLE p_quince.precious (id int)")
    yield "p_quince"
    with roles.owner_connection() as owner:
        owner.execute("SET LOCAL lock_timeout = '5s'")
        owner.execute("DROP SCHEMA p_quince CASCADE")


def test_a_schema_that_is_somebodys_is_never_replaced(
    provision: Provision, somebodys_schema: str
) -> None:
    with pytest.raises(ValidationError, match="belongs to no partner"):
        provision()
    with roles.owner_connection() as owner:
        found = owner.execute("SELECT to_regclass('p_quince.precious') IS NOT NULL")
        assert found.fetchone() == (True,)


def test_two_at_once_for_one_name_give_one_partner(provision: Provision) -> None:
    with schemas.schema_work("p_quince"), pytest.raises(ValidationError, match="just now"):
        provision()
    provision()


def test_without_a_fitting_pg_dump_it_is_migrated_step_by_step(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "script_for", lambda schema: None)
    provision()
    assert tables.missing_tables(["p_quince"]) == {}
    assert pending_in(["p_quince"]) == []


def test_it_refuses_to_run_inside_a_callers_transaction(
    provision: Provision, outside: Outside
) -> None:
    def nested() -> None:
        with transaction.atomic():
            provision("nested")

    with pytest.raises(RuntimeError, match="durable"):
        outside(nested)
    assert "p_nested" not in schema_names()


def test_a_fresh_link_is_made_only_until_an_owner_has_come_in(provision: Provision) -> None:
    made = provision()
    again = renew_invitation(BUILDER, made.partner)
    assert again.owner_email == made.owner_email
    with schema_scope("p_quince"):
        owner = User.objects.get()
        owner.set_password(actors.PASSWORD)
        owner.save()
    with pytest.raises(ValidationError, match="come in"):
        renew_invitation(BUILDER, made.partner)


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
