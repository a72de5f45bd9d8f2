"""Fixtures of the engine's tests."""

from collections.abc import Callable, Iterator

import pytest

from governance import correlation
from governance.actors import Actor, task_actor
from syncjobs import crashpoints
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab, make_lab
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
