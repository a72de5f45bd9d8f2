"""Seals what sources sent of persons: AES-256-GCM under a key of the record, or of the client.

A record's versions are sealed under the record's own key, so that erasing one person makes all
that was ever sent of them unreadable. What has no record yet (a webhook, a row of a file, a record
that was refused) is sealed under its client's key, until retention deletes it. The keys are the
subject keys of the schema, each wrapped under the installation's master key.

Kinds without personal fields are kept as they came: most of the volume, and it costs nothing.
"""

import base64
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from governance.personal import UNOPENED
from governance.subject_keys import key_for_reading, keys_for_writing
from mappings.canonical.registry import SCHEMAS

PERSONAL: Final = frozenset(
    name for name, one in SCHEMAS.items() if any(field.personal for field in one.fields)
)
_FORM: Final = "~s1."
_NONCE: Final = 12
_TEXTS: Final = msgspec.json.Encoder(decimal_format="string")
_NUMBERS: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def of_record(record_id: int) -> str:
    """Return whose key seals a record's payloads."""
    return f"record-{record_id}"


def of_client(client_id: int) -> str:
    """Return whose key seals what has no record yet."""
    return f"inbound-{client_id}"


def seal_versions(versions: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Seal the sources of new versions, given with their records' types, in their places.

    Those of an erased person become None. One look-up of keys for the batch.
    """
    personal = [one for kind, one in versions if kind in PERSONAL and one["source"] is not None]
    if not personal:
        return
    keys = keys_for_writing([of_record(one["record_id"]) for one in personal])
    for one in personal:
        subject = of_record(one["record_id"])
        content = _TEXTS.encode(dict(one["source"]))
        one["source"] = _sealed(content, subject, keys[subject])


def seal_inbound(kind: str, client_id: int, data: Mapping[str, object]) -> msgspec.Raw:
    """Return a message's content as the JSON that is kept; decimals stay numbers in it."""
    content = _NUMBERS.encode(dict(data))
    if kind not in PERSONAL:
        return msgspec.Raw(content)
    subject = of_client(client_id)
    sealed = _sealed(content, subject, keys_for_writing([subject])[subject])
    return msgspec.Raw(content if sealed is None else msgspec.json.encode(sealed))


def opened_source(source: object, record_id: int) -> dict[str, Any]:
    """Return what a source sent for a version; nothing where it was deleted or erased."""
    if isinstance(source, str):
        content = _opened(source, of_record(record_id))
        return {} if content is None else msgspec.json.decode(content, type=dict[str, Any])
    return dict(source) if isinstance(source, Mapping) else {}


def opened_inbound(payload: str, client_id: int) -> dict[str, Any] | None:
    """Return a kept message's content, from the text of its column; None where no key opens it:
    it stays as it is, until the installation's key is the right one again."""
    if payload.startswith(f'"{_FORM}'):
        content = _opened(msgspec.json.decode(payload, type=str), of_client(client_id))
        return None if content is None else _DECODER.decode(content)
    return inbound_of(payload)


def inbound_of(payload: str) -> dict[str, Any]:
    """Return a message's content that was kept in the open, from the text of its column."""
    return _DECODER.decode(payload)


def is_sealed(payload: msgspec.Raw) -> bool:
    """Say whether `seal_inbound` had a key for it."""
    return bytes(payload).startswith(f'"{_FORM}'.encode())


def opens_inbound(client_id: int) -> bool:
    """Say whether the key is there that opens a client's kept messages."""
    return bool(key_for_reading(of_client(client_id)))


def _sealed(content: bytes, subject: str, key: bytes | None) -> str | dict[str, Any] | None:
    """Return the sealed text; the content itself where the installation's key is the wrong one,
    because what came must not be lost; None without a key."""
    if key is None:
        return None
    if key == UNOPENED:
        return msgspec.json.decode(content, type=dict[str, Any])
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, subject.encode())
    return _FORM + base64.b64encode(sealed).decode()


def _opened(text: str, subject: str) -> bytes | None:
    key = key_for_reading(subject)
    if not key or not text.startswith(_FORM):
        return None
    raw = base64.b64decode(text.removeprefix(_FORM))
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], subject.encode())
    except InvalidTag:
        return None
