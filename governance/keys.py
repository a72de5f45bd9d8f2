"""The keys of the audit trail, made from the installation's master key: none is stored.

Each trail has a signing key of its own. Whoever has the whole database but not the master key
can't sign. A changed master key gives another signing key; seals that the one before signed
stay proven, since each seal names the hash of the seal before it.
"""

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from governance.statements import public_key_of

_BYTES = 32


def signing_key(trail: str) -> Ed25519PrivateKey:
    """Return the key that signs this trail's seals now."""
    return _signing_key(settings.MASTER_KEY, trail)


def known_public_keys(trail: str) -> list[str]:
    """Return the public keys that this installation can vouch for, the present one first."""
    return [public_key_of(_signing_key(master, trail)) for master in _masters()]


def wrapping_key(trail: str) -> bytes:
    """Return the key under which new keys of persons are kept."""
    return _derived(settings.MASTER_KEY, "keys of persons", trail)


def unwrapping_keys(trail: str) -> Iterator[bytes]:
    """Yield the keys under which persons' keys may have been kept, the present one first."""
    for master in _masters():
        yield _derived(master, "keys of persons", trail)


def _masters() -> list[bytes]:
    return [settings.MASTER_KEY, *settings.PREVIOUS_MASTER_KEYS]


def _signing_key(master: bytes, trail: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(master, "seals of the trail", trail))


def _derived(master: bytes, purpose: str, trail: str) -> bytes:
    info = f"audit/{purpose}/{trail}".encode()
    return HKDF(SHA256(), _BYTES, salt=None, info=info).derive(master)
