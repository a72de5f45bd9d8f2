"""Seals what sources sent of persons: AES-256-GCM under a key of the record, or of the client.

A record's versions are sealed under the record's own key, so that erasing one person makes all
that was ever sent of them unreadable.

Where a source record became several (a team that became its people), what was sent tells of all
of them and cannot be taken apart. Each copy is then sealed under the keys of all, so that erasing
any one of them makes every copy unreadable, and nothing is kept of what is sent later while it
still tells of that one. The others lose what was sent, not their records, versions or fields.

What has no record yet (a webhook, a row of a file, a record that was refused) is sealed under its
client's key, until retention deletes it. The keys are the subject keys of the schema, each wrapped
under the installation's master key.

Kinds without personal fields are kept as they came: most of the volume, and it costs nothing.
"""

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from governance.personal import UNOPENED
from governance.subject_keys import key_for_reading, keys_for_reading, keys_for_writing
from mappings.canonical.registry import SCHEMAS

PERSONAL: Final = frozenset(
    name for name, one in SCHEMAS.items() if any(field.personal for field in one.fields)
)
_FORM: Final = "~s1."
_OF_SEVERAL: Final = "~s2."
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


def seal_versions(
    versions: Iterable[tuple[str, dict[str, Any]]],
    among: Mapping[tuple[int, int], Sequence[int]] = MappingProxyType({}),
) -> None:
    """Seal the sources of new versions, given with their records' types, in their places.

    among: (record, number of the version) → ids of all records that its source tells of, where
    these are several. What tells of an erased person becomes None. One look-up of keys for all.
    """
    personal = [one for kind, one in versions if kind in PERSONAL and one["source"] is not None]
    if not personal:
        return
    told_of = [_told_of(one, among) for one in personal]
    keys = keys_for_writing([of_record(id_) for ids in told_of for id_ in ids])
    for one, ids in zip(personal, told_of, strict=True):
        own = one["record_id"]
        content = _TEXTS.encode(dict(one["source"]))
        if ids == [own]:
            one["source"] = _sealed(content, of_record(own), keys[of_record(own)])
        else:
            key = _joint([keys[of_record(id_)] for id_ in ids])
            names = ",".join(map(str, ids))
            one["source"] = _sealed(content, f"{names}/{own}", key, f"{_OF_SEVERAL}{names}.")


def _told_of(
    version: Mapping[str, Any], among: Mapping[tuple[int, int], Sequence[int]]
) -> list[int]:
    own = version["record_id"]
    others = among.get((own, version["number"])) if among else None
    return sorted({own, *others}) if others else [own]


def _joint(keys: Sequence[bytes | None]) -> bytes | None:
    """Return the key that takes all of these; None, or the wrong one, where one of them is so."""
    if None in keys:
        return None
    if UNOPENED in keys:
        return UNOPENED
    joint = HKDF(SHA256(), length=32, salt=None, info=b"payload of several")
    return joint.derive(b"".join(key for key in keys if key))


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
        if source.startswith(_OF_SEVERAL):
            content = _opened_of_several(source, record_id)
        else:
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


def _sealed(
    content: bytes, subject: str, key: bytes | None, form: str = _FORM
) -> str | dict[str, Any] | None:
    """Return the sealed text; the content itself where the installation's key is the wrong one,
    because what came must not be lost; None without a key."""
    if key is None:
        return None
    if key == UNOPENED:
        return msgspec.json.decode(content, type=dict[str, Any])
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, subject.encode())
    return form + base64.b64encode(sealed).decode()


def _opened(text: str, subject: str) -> bytes | None:
    key = key_for_reading(subject)
    if not key or not text.startswith(_FORM):
        return None
    return _decrypted(text.removeprefix(_FORM), subject, key)


def _opened_of_several(text: str, record_id: int) -> bytes | None:
    names, _, body = text.removeprefix(_OF_SEVERAL).partition(".")
    subjects = [of_record(int(id_)) for id_ in names.split(",")]
    keys = keys_for_reading(subjects)
    key = _joint([keys[one] for one in subjects])
    return _decrypted(body, f"{names}/{record_id}", key) if key else None


def _decrypted(body: str, subject: str, key: bytes) -> bytes | None:
    raw = base64.b64decode(body)
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], subject.encode())
    except InvalidTag:
        return None
