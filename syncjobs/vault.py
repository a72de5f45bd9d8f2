"""Seals secrets: AES-256-GCM under a partner's data key, bound to the place they stand in.

Pure: keys come in, nothing is stored. `services.secrets` keeps the wrapped data keys.

A sealed text is `v1.<key version>.<base64url of nonce, ciphertext and tag>`. A wrapped data
key has the same form without a version, under the installation's master key. The place
(schema, table, row, field) is the associated data: a text that is copied to another row, or
to another partner, does not open there.
"""

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.sealing import SealError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FORMAT: Final = "v1"


class VaultError(SealError):
    """A secret cannot be sealed or opened; the message says what to do, never the content."""


class MasterKeyError(VaultError):
    """The installation's key is not the one that was used: nothing is wrong with the secret."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A partner's key, as it is used; it exists in memory only."""

    version: int
    key: bytes

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"


class KeyRing:
    """A partner's data keys; the newest seals, each opens what it sealed."""

    def __init__(self, keys: Sequence[DataKey]) -> None:
        if not keys:
            raise VaultError("This partner has no key for its secrets yet.")
        self._keys = {key.version: key for key in keys}
        self.newest = self._keys[max(self._keys)]

    def __iter__(self) -> Iterator[DataKey]:
        return iter(self._keys.values())

    def of_version(self, version: int) -> DataKey:
        """Return that key; raises VaultError when the partner no longer has it."""
        try:
            return self._keys[version]
        except KeyError:
            raise VaultError(
                f"Key {version}, which sealed this secret, is missing. Restore the partner's "
                "keys from the same backup as its connections, or enter the credentials again."
            ) from None


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM; returns ciphertext and tag."""
    return AESGCM(_checked(key)).encrypt(_checked_nonce(nonce), plaintext, aad)


def decrypt(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Undo `encrypt`; raises InvalidTag when anything at all is not as it was."""
    if len(sealed) < _TAG_BYTES:
        raise InvalidTag
    return AESGCM(_checked(key)).decrypt(_checked_nonce(nonce), sealed, aad)


def seal(plaintext: Mapping[str, object], *, aad: tuple[str, ...], ring: KeyRing) -> str:
    """Return `plaintext` sealed for the place `aad` under the newest key."""
    body = _packed(ring.newest.key, msgspec.json.encode(dict(plaintext)), aad)
    return f"{_FORMAT}.{ring.newest.version}.{body}"


def open_sealed(token: str, *, aad: tuple[str, ...], ring: KeyRing) -> dict[str, object]:
    """Return what was sealed for the place `aad`; raises VaultError."""
    form, _, rest = token.partition(".")
    version, _, body = rest.partition(".")
    if form != _FORMAT or not version.isdecimal() or not body:
        raise VaultError("The stored secret is damaged. Enter the credentials again.")
    data_key = ring.of_version(int(version))
    try:
        content = _unpacked(data_key.key, body, aad)
    except InvalidTag:
        raise VaultError(
            "The stored secret does not open in this place: it was altered, or copied from "
            "another connection. Enter the credentials again."
        ) from None
    return msgspec.json.decode(content, type=dict[str, object])


def key_version(token: str) -> int:
    """The version of the key that sealed a text; 0 when it is none."""
    parts = token.split(".")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else 0


def new_data_key(version: int) -> DataKey:
    """Make a data key from the system's random source."""
    return DataKey(version, os.urandom(KEY_BYTES))


def wrap(data_key: DataKey, *, master: bytes, schema: str) -> str:
    """Return a data key sealed under the master key, for its partner and version only."""
    body = _packed(master, data_key.key, _wrap_place(schema, data_key.version))
    return f"{_FORMAT}.{body}"


def unwrap(wrapped: str, *, version: int, masters: Sequence[bytes], schema: str) -> DataKey:
    """Return the data key, opened by the first master key that fits; raises MasterKeyError."""
    form, _, body = wrapped.partition(".")
    for master in masters if form == _FORMAT else ():
        try:
            return DataKey(version, _unpacked(master, body, _wrap_place(schema, version)))
        except InvalidTag:
            continue
    raise MasterKeyError(
        "The installation's master key does not open this partner's keys. An operator sets the "
        "master key that was in use when they were made, or adds it to the previous master "
        "keys. Where it is lost, the credentials of each connection must be entered again."
    )


def _wrap_place(schema: str, version: int) -> tuple[str, ...]:
    return (schema, "secret_key", str(version), "wrapped")


def _packed(key: bytes, content: bytes, aad: tuple[str, ...]) -> str:
    nonce = os.urandom(NONCE_BYTES)
    sealed = encrypt(key, nonce, content, _place(aad))
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def _unpacked(key: bytes, body: str, aad: tuple[str, ...]) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        raise InvalidTag from None
    return decrypt(key, raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(aad))


def _place(aad: tuple[str, ...]) -> bytes:
    """Each part with its length, so that no two places share one text."""
    if not aad or not all(aad):
        raise VaultError("A secret needs the whole name of the place that it stands in.")
    parts = (part.encode() for part in aad)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise VaultError(f"A key has {len(key)} bytes; it must have {KEY_BYTES}.")
    return key


def _checked_nonce(nonce: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise InvalidTag
    return nonce
