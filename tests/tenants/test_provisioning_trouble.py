"""Setting up a partner that fails or is killed on the way leaves nothing."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from governance.actors import Actor
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles, schemas
from tenants.services import migrating, starting_content, tables
from tenants.services.leftovers import drop_leftovers
from tenants.services.owner_invitation import Provisioned
from tenants.services.provisioning import ProvisioningError
from tests.tenants.cleanup import schema_names, set_up, take_away

Provision = Callable[..., Provisioned]
Outside = Callable[[Callable[[], object]], object]
pytestmark = pytest.mark.usefixtures("provision")


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
