"""A process that was started with the wrong master key loses nothing and heals by itself."""

import os

import pytest
from django.conf import LazySettings
from django.utils import timezone

from syncjobs.connectors.errors import Config, Transient
from syncjobs.engine.drain import drain
from syncjobs.engine.systems import Systems
from syncjobs.models import Connection, SecretKey, Stream
from syncjobs.services.secrets import place_of, seal
from tenants.accounts.models import Client
from tenants.services.diagnosis import Level, diagnose
from tests.syncjobs.factories import Lab, make_lab


@pytest.fixture
def lab(alder: Client) -> Lab:
    return make_lab(alder)


class KeyedSystems(Systems):
    """Opens the lab's fakes, but unseals the stored credentials before, as the real ones do."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    def _connect(self, connection: Connection) -> object:  # type: ignore[override]  # fakes
        super()._connect(connection)
        return self._lab.systems()._connect(connection)

    def close(self) -> None:
        """Fakes stay open."""


def _with_credentials(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        connector="sandbox_erp",
        config={"base_url": "http://127.0.0.1:9", "client_id": "x"},
        secret=seal({"client_secret": "s"}, aad=place_of(connection)),
    )


def _drain(lab: Lab) -> None:
    Connection.objects.filter(breaker_until__isnull=False).update(breaker_until=timezone.now())
    lab.target_connection.refresh_from_db()
    drain(systems=KeyedSystems(lab))


def test_deliveries_wait_and_go_on_when_the_key_is_back(lab: Lab, settings: LazySettings) -> None:
    for connection in Connection.objects.all():
        _with_credentials(connection)
    lab.put_customer("1")
    lab.drain()  # read in before; the customer is written once
    lab.put_customer("2")
    right, settings.MASTER_KEY = settings.MASTER_KEY, os.urandom(32)
    Stream.objects.update(next_poll_at=timezone.now())
    _drain(lab)

    assert not Connection.objects.filter(state="refused").exists()
    settings.MASTER_KEY = right
    Stream.objects.update(next_poll_at=timezone.now())
    _drain(lab)

    assert lab.delivery("C-2").state == "delivered"
    assert lab.target.created("C-1") == lab.target.created("C-2") == 1


def test_a_wrong_master_key_is_no_fault_of_the_connection(lab: Lab, settings: LazySettings) -> None:
    _with_credentials(lab.target_connection)
    connection = Connection.objects.get(pk=lab.target_connection.pk)
    settings.MASTER_KEY = os.urandom(32)
    with pytest.raises(Transient, match="master key"):
        Systems().open(connection)


def test_a_secret_that_was_altered_is(lab: Lab) -> None:
    _with_credentials(lab.target_connection)
    connection = Connection.objects.get(pk=lab.target_connection.pk)
    connection.secret = connection.secret[:-4] + "AAAA"
    with pytest.raises(Config, match="Enter the credentials again"):
        Systems().open(connection)


def test_doctor_says_that_the_key_is_the_wrong_one(lab: Lab, settings: LazySettings) -> None:
    _with_credentials(lab.target_connection)
    assert SecretKey.objects.exists()

    def level() -> Level:
        return next(one for one in diagnose() if one.name == "stored credentials").level

    assert level() is Level.OK
    settings.MASTER_KEY = os.urandom(32)
    found = next(one for one in diagnose() if one.name == "stored credentials")
    assert found.level is Level.FAIL
    assert "northwind" in found.seen
    assert "LIVERY_PREVIOUS_MASTER_KEYS" in found.to_do
