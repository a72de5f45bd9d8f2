"""What is personal in the audit trail, and how it is written there: sealed under a person's key.

A sealed text reads `~p1.<subject>.<base64url of nonce, ciphertext and tag>`. Erasing a person
destroys their key; what was written stays as it is, so hashes over it still hold, but nobody
can read it. Pure but for the two registries, of what is a person and of where keys are.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ERASED: Final = "[erased]"
# The key is there and does not open: the installation's master key is the wrong one. Then what
# is new is written in the clear, since evidence must not be lost, and what is old stays shut.
UNOPENED: Final = b""
SHUT: Final = "[sealed: the installation's key does not open it]"
_FORM: Final = re.compile(r"~p1\.([a-z]+-[0-9]{1,19})\.([A-Za-z0-9_-]{38,})")
_NONCE: Final = 12
# Fields of `before` and `after` that say who somebody is, where the object is a person.
_FIELDS: Final = frozenset({"email", "name", "phone", "address", "subject", "title"})

SubjectOf = Callable[[str, object], str | None]
KeyOf = Callable[[str], bytes | None]
_finders: list[SubjectOf] = []
_keys: list[KeyOf] = []


def register_subjects(finder: SubjectOf) -> None:
    """Say which objects are persons: (kind, id) → subject such as "person-12", or None."""
    _finders[:] = [finder]


def subject_of(object_kind: str, object_id: object) -> str | None:
    """Return the person that an object is, None where it is none."""
    return _finders[0](object_kind, object_id) if _finders else None


def conceal(text: str, subject: str, key: bytes | None) -> str:
    """Return `text` sealed for its subject; nothing stays nothing, and no key hides it."""
    if not text or key == UNOPENED:
        return text
    if key is None:
        return ERASED
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), subject.encode())
    return f"~p1.{subject}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def read_keys_by(key_of: KeyOf) -> None:
    """Say how a subject's key is found for reading; from AppConfig.ready()."""
    _keys[:] = [key_of]


def reveal(text: str) -> str:
    """Return what `conceal` was given; ERASED without the key; any other text as it is."""
    found = _FORM.fullmatch(text)
    if found is None:
        return text
    key = _keys[0](found[1]) if _keys else None
    if not key:
        return ERASED if key is None else SHUT
    try:
        raw = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], found[1].encode()).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return text  # not ours, or altered: shown as it stands, and the chain tells


def conceal_fields(
    value: Mapping[str, object] | None, subject: str, key: bytes | None
) -> dict[str, object] | None:
    """Return `value` with its personal fields sealed, at the first level and in lists."""
    if value is None:
        return None
    return {
        name: _concealed(item, subject, key) if name in _FIELDS else item
        for name, item in value.items()
    }


def reveal_all(value: object) -> object:
    """Return JSON with every sealed text in it opened."""
    if isinstance(value, str):
        return reveal(value)
    if isinstance(value, list):
        return [reveal_all(item) for item in value]
    if isinstance(value, dict):
        return {name: reveal_all(item) for name, item in value.items()}
    return value


def _concealed(value: object, subject: str, key: bytes | None) -> object:
    if isinstance(value, str):
        return conceal(value, subject, key)
    if isinstance(value, list):
        return [_concealed(item, subject, key) for item in value]
    return value
