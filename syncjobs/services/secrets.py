"""Seals and opens this partner's secrets with its own data keys.

Call these inside the partner's schema; in the public one the keys are the operators'. The
associated data is (schema, table, row uuid, field); `place_of` builds it for a connection.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import models, transaction
from django_tenants.utils import get_public_schema_name

from governance.actors import Actor
from governance.services import audit
from governance.services.subjects import rewrap_subject_keys
from syncjobs import vault
from syncjobs.actions import SECRETS_ROTATED
from syncjobs.engine.objects import objects
from syncjobs.models import Connection, Endpoint, SecretKey
from tenants import sealing
from tenants.models import OperatorKey

DataKeyRow = SecretKey | OperatorKey
PUBLIC = get_public_schema_name()
_BATCH = 200
_KEPT = 2


def place_of(connection: Connection) -> tuple[str, ...]:
    """The place of a connection's credentials."""
    return (_schema(), "connection", str(connection.uuid), "secret")


def hook_place_of(connection: Connection) -> tuple[str, ...]:
    """The place of the secrets that sign a connection's webhooks."""
    return (_schema(), "connection", str(connection.uuid), "hook")


def endpoint_place_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The place of the secrets that sign what is sent to an endpoint."""
    return (_schema(), "endpoint", str(endpoint.uuid), "secrets")


def seal(plaintext: Mapping[str, object], *, aad: tuple[str, ...]) -> str:
    """Return `plaintext` sealed for that place; makes the partner's first key when needed."""
    return vault.seal(plaintext, aad=aad, ring=_ring(create=True))


def open_sealed(token: str, *, aad: tuple[str, ...]) -> dict[str, object]:
    """Return what was sealed for that place; raises VaultError, which says what to do."""
    return vault.open_sealed(token, aad=aad, ring=_ring())


def keys_open() -> bool:
    """Say whether a master key of this process opens all of the partner's data keys."""
    return all(_fits(row, _masters()) for row in _keys().order_by("version"))


def rotate_data_key(actor: Actor) -> int:
    """Make a new data key and seal every credential again with it; returns how many.

    The key before stays, for whoever read a credential a moment ago; older ones go. Nothing
    stops meanwhile: each credential opens before, during and after.
    """
    actor.require("connections.manage", client_id=None)
    with transaction.atomic():
        newest = _keys().select_for_update().order_by("-version").first()
        version = newest.version + 1 if newest else 1
        _store(vault.new_data_key(version))
        count = _reseal_everything()
        kept = _keys().order_by("-version").values_list("version", flat=True)[:_KEPT]
        _keys().exclude(version__in=list(kept)).delete()
        audit.record(
            SECRETS_ROTATED,
            object_kind="secret_key",
            object_id=version,
            object_label=f"key {version}",
            after={"version": version, "sealed_again": count},
        )
    return count


def rewrap_data_keys(actor: Actor) -> int:
    """Wrap the data keys with the current master key, after it was changed; returns how many.

    Keys that a previous master key wrapped open through `PREVIOUS_MASTER_KEYS`; once every
    partner's keys are wrapped again, the previous one can be forgotten.
    """
    actor.require("connections.manage", client_id=None)
    changed = 0
    with transaction.atomic():
        for row in _keys().select_for_update().order_by("version"):
            if _fits(row, [settings.MASTER_KEY]):
                continue
            opened = _unwrapped(row, _masters())
            row.wrapped = vault.wrap(opened, master=settings.MASTER_KEY, schema=_schema())
            row.save(update_fields=["wrapped"])
            changed += 1
        rewrap_subject_keys()
        if changed:
            audit.record(
                SECRETS_ROTATED,
                object_kind="secret_key",
                object_id="master",
                object_label="master key",
                after={"rewrapped": changed},
            )
    return changed


def _keys() -> "models.Manager[Any]":
    """The table of the data keys: a partner's own, or that of the operators in public."""
    return OperatorKey.objects if _schema() == PUBLIC else SecretKey.objects


def _ring(*, create: bool = False) -> vault.KeyRing:
    rows = _key_rows()
    if not rows and create:
        _store(vault.new_data_key(1))
        rows = _key_rows()
    return vault.KeyRing([_unwrapped(row, _masters()) for row in rows])


def _key_rows() -> list[Any]:
    return objects(_keys().model, "true ORDER BY version", {})


def _store(data_key: vault.DataKey) -> None:
    """Keep a key; when somebody made that version first, theirs stands."""
    wrapped = vault.wrap(data_key, master=settings.MASTER_KEY, schema=_schema())
    _keys().get_or_create(version=data_key.version, defaults={"wrapped": wrapped})


def _reseal_everything() -> int:
    count, ring = 0, _ring()
    if _schema() == PUBLIC:
        return sealing.reseal_all(lambda token, place: _again(token, place, ring))
    rows = Connection.objects.select_for_update().order_by("pk")
    for connection in rows.exclude(secret="", hook_secrets="").iterator(chunk_size=_BATCH):
        connection.secret = _again(connection.secret, place_of(connection), ring)
        connection.hook_secrets = _again(connection.hook_secrets, hook_place_of(connection), ring)
        connection.save(update_fields=["secret", "hook_secrets", "updated_at"])
        count += bool(connection.secret)
    for endpoint in Endpoint.objects.select_for_update().order_by("pk"):
        endpoint.secrets = _again(endpoint.secrets, endpoint_place_of(endpoint), ring)
        endpoint.save(update_fields=["secrets"])
    return count + sealing.reseal_all(lambda token, place: _again(token, place, ring))


def _again(sealed: str, place: tuple[str, ...], ring: vault.KeyRing) -> str:
    """Return a sealed text under the newest key; nothing stays nothing."""
    if not sealed:
        return ""
    return vault.seal(vault.open_sealed(sealed, aad=place, ring=ring), aad=place, ring=ring)


def _unwrapped(row: DataKeyRow, masters: list[bytes]) -> vault.DataKey:
    return vault.unwrap(row.wrapped, version=row.version, masters=masters, schema=_schema())


def _fits(row: DataKeyRow, masters: list[bytes]) -> bool:
    try:
        _unwrapped(row, masters)
    except vault.VaultError:
        return False
    return True


def _masters() -> list[bytes]:
    return [settings.MASTER_KEY, *settings.PREVIOUS_MASTER_KEYS]


def _schema() -> str:
    return str(database.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
