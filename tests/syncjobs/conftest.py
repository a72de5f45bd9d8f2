"""Fixtures of the engine's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from governance import correlation
from governance.actors import Actor, task_actor
from governance.services.policies import ensure_default_policies
from syncjobs import crashpoints
from syncjobs.models import Connection, Workflow
from syncjobs.services.shipping import ship_blueprints
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, Lab, make_connection, make_lab
from tests.syncjobs.releases import SLUG, Install, Product, forget
from tests.syncjobs.several import Several, make_several


@pytest.fixture(autouse=True)
def _whole_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed comes back after a minute, or when its test says so (`Lab.deliver_late`). Full
    jitter draws next to nothing at times, and two seconds pass on a busy machine."""
    monkeypatch.setattr("syncjobs.engine.send.random", lambda: 30.0)


@pytest.fixture
def at_work() -> Iterator[None]:
    """Act as the worker does."""
    with correlation.scope(actor=task_actor("worker"), door="task"):
        yield


@pytest.fixture
def lab(alder: Client, at_work: None) -> Lab:
    """Customers of a source in memory that go to a target in memory."""
    return make_lab(alder)


@pytest.fixture
def several(lab: Lab) -> Iterator[Several]:
    """Timesheets whose days, and invoices whose lines, become records of their own."""
    yield make_several(lab)
    crashpoints.arm("")


@pytest.fixture
def dave(actor: Callable[[Person], Actor]) -> Actor:
    """The support agent, who works exceptions."""
    return actor(actors.DAVE)


@pytest.fixture
def bob(actor: Callable[[Person], Actor]) -> Actor:
    """The integration engineer."""
    return actor(actors.BOB)


@pytest.fixture
def product(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, northwind: Partner, at_work: None
) -> Iterator[Product]:
    """Releases of the test's own; the first is what partners have."""
    made = Product(monkeypatch, tmp_path)
    ship_blueprints(BUILDER)
    ensure_default_policies()
    yield made
    forget()


@pytest.fixture
def carol(actor: Callable[[Person], Actor]) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


@pytest.fixture
def install(product: Product) -> Install:
    """Installs `lab_flow` for a client, on a system that plays the ERP."""

    def made(client: Client, system: Connection | None = None, **overrides: object) -> Workflow:
        return install_workflow(
            BUILDER,
            client=client,
            blueprint=SLUG,
            bindings={"erp": system or make_connection(client, "ERP")},
            overrides=overrides,
        )

    return made
