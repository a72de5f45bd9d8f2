"""A partner's keys in its own schema: first use, rotation, a changed master key."""

import os
from collections.abc import Callable

import pytest
from django.conf import LazySettings

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from syncjobs import vault
from syncjobs.models import Connection, SecretKey
from syncjobs.services import secrets
from syncjobs.vault import VaultError
from tenants.accounts.models import Client
from tests.actors import ALICE, FRANK, GRACE, Person

SECRET = {"token": "canary-4711"}


def _connection(client: Client, name: str = "CRM") -> Connection:
    made = Connection(
        client=client, name=name, connector="sandbox_crm", config={"base_url": "https://x.example"}
    )
    made.secret = secrets.seal(SECRET, aad=secrets.place_of(made))
    made.save()
    return made


def _opened(connection: Connection) -> dict[str, object]:
    connection.refresh_from_db()
    return secrets.open_sealed(connection.secret, aad=secrets.place_of(connection))


def test_the_first_secret_makes_the_partners_first_key(alder: Client) -> None:
    SecretKey.objects.all().delete()
    connection = _connection(alder)
    assert _opened(connection) == SECRET
    (key,) = SecretKey.objects.all()
    assert key.version == 1
    assert "canary" not in connection.secret


def test_a_secret_copied_to_another_connection_does_not_open(alder: Client) -> None:
    one, two = _connection(alder, "One"), _connection(alder, "Two")
    Connection.objects.filter(pk=two.pk).update(secret=one.secret)
    with pytest.raises(VaultError, match="another connection"):
        _opened(two)


def test_rotation_seals_everything_anew_and_keeps_the_key_before(
    alder: Client, actor: Callable[[Person], Actor]
) -> None:
    made = [_connection(alder, f"System {n}") for n in range(3)]
    before = made[0].secret
    version = vault.key_version(before)
    empty = Connection.objects.create(client=alder, name="Empty", connector="x")

    assert secrets.rotate_data_key(actor(ALICE)) == 3

    assert all(_opened(connection) == SECRET for connection in made)
    assert {vault.key_version(connection.secret) for connection in made} == {version + 1}
    empty.refresh_from_db()
    assert empty.secret == ""
    # Somebody who read the row a moment before still opens it.
    assert secrets.open_sealed(before, aad=secrets.place_of(made[0])) == SECRET

    secrets.rotate_data_key(actor(ALICE))
    assert SecretKey.objects.count() == 2
    with pytest.raises(VaultError, match="missing"):
        secrets.open_sealed(before, aad=secrets.place_of(made[0]))


def test_rotation_is_in_the_audit_trail_without_a_secret(
    alder: Client, actor: Callable[[Person], Actor]
) -> None:
    _connection(alder)
    secrets.rotate_data_key(actor(ALICE))
    entry = AuditEntry.objects.filter(action="connection.secrets_rotated").latest("pk")
    assert entry.after is not None
    assert entry.after["sealed_again"] == 1
    assert "canary" not in str(entry.after)


def test_one_secret_that_does_not_open_stops_the_rotation_and_changes_nothing(
    alder: Client, actor: Callable[[Person], Actor]
) -> None:
    good, bad = _connection(alder, "Good"), _connection(alder, "Worse")
    Connection.objects.filter(pk=bad.pk).update(secret=good.secret)
    keys = set(SecretKey.objects.values_list("version", flat=True))
    with pytest.raises(VaultError):
        secrets.rotate_data_key(actor(ALICE))
    assert set(SecretKey.objects.values_list("version", flat=True)) == keys
    assert _opened(good) == SECRET


def test_only_who_manages_connections_rotates(
    alder: Client, actor: Callable[[Person], Actor]
) -> None:
    for person in (FRANK, GRACE):
        for call in (secrets.rotate_data_key, secrets.rewrap_data_keys):
            with pytest.raises(NotPermitted):
                call(actor(person))


def test_a_wrong_master_key_says_what_to_do(alder: Client, settings: LazySettings) -> None:
    connection = _connection(alder)
    settings.MASTER_KEY = os.urandom(32)
    with pytest.raises(VaultError, match="master key") as caught:
        _opened(connection)
    assert "operator" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_master_key_changes_without_a_pause(
    alder: Client, actor: Callable[[Person], Actor], settings: LazySettings
) -> None:
    connection = _connection(alder)
    old = settings.MASTER_KEY
    settings.MASTER_KEY, settings.PREVIOUS_MASTER_KEYS = os.urandom(32), [old]
    assert _opened(connection) == SECRET
    assert secrets.rewrap_data_keys(actor(ALICE)) == SecretKey.objects.count()
    settings.PREVIOUS_MASTER_KEYS = []
    assert _opened(connection) == SECRET
    assert secrets.rewrap_data_keys(actor(ALICE)) == 0
    settings.MASTER_KEY = old
    with pytest.raises(VaultError):
        _opened(connection)
