"""The cast as actors, and a governed kind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from governance import appliers, impact
from governance.actors import Actor
from governance.services.policies import ensure_default_policies
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.at_home import at_home
from tests.governance.governed import KIND, MAPPING, Knob, applier_of


@pytest.fixture
def anchors(settings: object, tmp_path: Path) -> Path:
    """A folder of anchors for one test alone: seals go with its transaction, files don't."""
    settings.AUDIT_ANCHORS = tmp_path / "anchors"  # type: ignore[attr-defined]  # the fixture's
    return tmp_path / "anchors"


@pytest.fixture
def governed(monkeypatch: pytest.MonkeyPatch) -> Knob:
    """Make a client's currency governed, under a kind of its own and as a mapping."""
    knob = Knob()
    taken = {KIND: applier_of(KIND, knob), MAPPING: applier_of(MAPPING, knob)}
    monkeypatch.setattr(appliers, "_registry", {**appliers._registry, **taken})
    monkeypatch.setattr(impact, "_assessors", {})  # a currency touches no record
    return knob


@pytest.fixture
def policies(northwind: Partner) -> None:
    """The starting policies, where provisioning has not made them."""
    ensure_default_policies()


@pytest.fixture
def alice(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The owner: holds every permission."""
    return actor(actors.ALICE)


@pytest.fixture
def bob(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The engineer: proposes and applies."""
    return actor(actors.BOB)


@pytest.fixture
def carol(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


@pytest.fixture
def heidi(policies: None, actor: Callable[[Person], Actor]) -> Actor:
    """Alder's own approver."""
    return actor(actors.HEIDI)


__all__ = ["at_home"]
