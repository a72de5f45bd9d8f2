"""Operators, partners made for one test, and embedded servers of their own."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test import Client

from governance.actors import Actor, command_actor
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.context import public_scope
from tenants.postgres.cluster import Cluster
from tenants.services.leftovers import drop_leftovers
from tenants.services.owner_invitation import Provisioned
from tenants.services.provisioning import provision_partner
from tests.actors import PASSWORD

BUILDER = command_actor("tests")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A new directory that every account may pass through; pytest's own is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="lv-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def cluster(open_dir: Path) -> Iterator[Cluster]:
    """A server's handle on a new state directory; stopped afterwards."""
    made = Cluster(open_dir / "state")
    yield made
    made.stop()


@pytest.fixture
def as_root() -> None:
    """For what only root can set up."""
    if os.geteuid() != 0:
        pytest.skip("only root can hand a server to another account")


@pytest.fixture
def operator(db: None) -> User:
    """Olga, who runs the installation."""
    with public_scope():
        return User.objects.create_user(
            "olga@operator.example", PASSWORD, kind="operator", name="Olga Reyes"
        )


@pytest.fixture
def operating(operator: User) -> Actor:
    """Olga as the services see her."""
    return actor_for(operator)


@pytest.fixture
def console(operator: User) -> Client:
    """Olga's browser on the operators' host."""
    browser = Client(headers={"host": "localhost"})
    with public_scope():
        browser.force_login(operator)
    return browser


@pytest.fixture
def provision(db: None) -> Callable[..., Provisioned]:
    """Set up a partner for one test.

    Its schema is committed on the owner's connection and outlives the test's transaction,
    but it stays marked as unfinished, because its rows are never committed: what the last
    test left is dropped here.
    """
    drop_leftovers()

    def made(slug: str = "quince", actor: Actor = BUILDER, **changed: object) -> Provisioned:
        wanted: dict[str, object] = {
            "name": "Quince Advisory",
            "slug": slug,
            "owner_email": "Owner@Quince.example",
            "owner_name": "Quentin Ives",
            **changed,
        }
        return provision_partner(actor, **wanted)  # type: ignore[arg-type]  # as keywords

    return made


@pytest.fixture
def outside(db: None) -> Callable[[Callable[[], object]], object]:
    """Call something outside the test's transaction: in a thread, on a connection of its own."""

    def call(work: Callable[[], object]) -> object:
        def with_own_connection() -> object:
            try:
                return work()
            finally:
                connection.close()

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(with_own_connection).result()

    return call


@pytest.fixture
def committed(db: None) -> Iterator[None]:
    """A connection without a transaction around the test, for what commits by itself.

    The test takes away what it has made. `db` is asked for, so that the test database is
    there; its connection and open transaction are set aside meanwhile.
    """
    aside = connections["default"]
    del connections["default"]
    yield
    connections["default"].close()
    connections["default"] = aside
