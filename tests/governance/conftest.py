"""The cast as actors, and a governed kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_django import Settings

from config.env import AnchorBucket, TimeStamps
from governance import appliers, impact, object_storage
from governance.actors import Actor
from governance.services.policies import ensure_default_policies
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.at_home import at_home
from tests.fakes.outside import Outside, outside_server
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


@pytest.fixture(scope="module")
def server() -> Iterator[Outside]:
    """One server for all tests here."""
    with outside_server() as outside:
        yield outside


@pytest.fixture
def outside(server: Outside) -> Outside:
    """The server as it begins: empty and well."""
    server.objects.clear()
    server.deleted.clear()
    server.lock, server.refuse, server.stamp, server.asked = True, "", "right", 0
    return server


@pytest.fixture
def bucket(outside: Outside, settings: Settings) -> Iterator[AnchorBucket]:
    """The bucket, set up."""
    settings.ANCHOR_BUCKET = AnchorBucket(
        name="trail",
        prefix="a/",
        endpoint=outside.url,
        region="eu-central-1",
        key_id="key",
        secret="not a secret",
        lock_days=30,
        lock_mode="COMPLIANCE",
    )
    object_storage.forget_clients()
    yield settings.ANCHOR_BUCKET
    object_storage.forget_clients()


@pytest.fixture
def authority(outside: Outside, settings: Settings, tmp_path: Path) -> TimeStamps:
    """The authority, set up and trusted."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(outside.authority.root.certificate.public_bytes(Encoding.PEM))
    made = TimeStamps(url=f"{outside.url}/tsa", roots=str(roots), minutes=60)
    settings.TIMESTAMPS = made
    return made
