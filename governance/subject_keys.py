"""The keys of persons: made when first needed, remembered for seconds, destroyed for good."""

import base64
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection, transaction

from governance import keys
from governance.models.subjects import SubjectKey
from governance.personal import UNOPENED, conceal

_NONCE: Final = 12
# For so long a process may still read what another one has just erased.
REMEMBER_SECONDS: Final = 30.0
_MOST: Final = 20_000
_MOST_TEXTS: Final = 20
# Made by this process and, as far as it knows, not committed yet.
_fresh: set[tuple[str, str]] = set()
_known: dict[tuple[str, str], "_Known"] = {}


@dataclass(frozen=True, slots=True)
class _Known:
    """A key, until when it is remembered, and what was sealed under it since: texts → sealed."""

    key: bytes | None
    until: float
    sealed: dict[tuple[str, str], tuple[str, str]]


def key_for_writing(subject: str) -> bytes | None:
    """Return the person's key, making it when there is none; None once it was destroyed."""
    known = _remembered(subject)
    if known is not None:
        return known.key
    row = SubjectKey.objects.filter(pk=subject).first()
    if row is None:
        _fresh.add((_trail(), subject))
        SubjectKey.objects.bulk_create(
            [SubjectKey(subject=subject, wrapped=_wrapped(os.urandom(32), subject))],
            ignore_conflicts=True,
        )
        row = SubjectKey.objects.get(pk=subject)
    return _key_of(row)


def conceal_again(trail: str, subject: str, texts: tuple[str, str]) -> tuple[str, str]:
    """Return `conceal` of what entry after entry says: who somebody is, and where they are.

    trail: the schema that is entered. A text is sealed anew when the key is read anew.
    """
    known = _known.get((trail, subject))
    if known is None or not known.key or known.until <= time.monotonic():
        key = key_for_writing(subject)
        return conceal(texts[0], subject, key), conceal(texts[1], subject, key)
    sealed = known.sealed.get(texts)
    if sealed is None:
        sealed = conceal(texts[0], subject, known.key), conceal(texts[1], subject, known.key)
        if len(known.sealed) < _MOST_TEXTS:
            known.sealed[texts] = sealed
    return sealed


def keys_for_writing(subjects: Sequence[str]) -> dict[str, bytes | None]:
    """Return the keys of several, as `key_for_writing` does for one, in a few statements."""
    found = {one: known.key for one in subjects if (known := _remembered(one)) is not None}
    absent = [one for one in dict.fromkeys(subjects) if one not in found]
    if not absent:
        return found
    rows = SubjectKey.objects.in_bulk(absent)
    new = [one for one in absent if one not in rows]
    if new:
        _fresh.update((_trail(), one) for one in new)
        made = [SubjectKey(subject=one, wrapped=_wrapped(os.urandom(32), one)) for one in new]
        SubjectKey.objects.bulk_create(made, ignore_conflicts=True)
        rows.update(SubjectKey.objects.in_bulk(new))
    return {**found, **{one: _key_of(rows[one]) for one in absent}}


def key_for_reading(subject: str) -> bytes | None:
    """Return the person's key; None when it was destroyed or never was here."""
    known = _remembered(subject)
    if known is not None:
        return known.key
    row = SubjectKey.objects.filter(pk=subject).first()
    return None if row is None else _key_of(row)


def keys_for_reading(subjects: Sequence[str]) -> dict[str, bytes | None]:
    """Return the keys of several, as `key_for_reading` does for one, in one statement."""
    found = {one: known.key for one in subjects if (known := _remembered(one)) is not None}
    rows = SubjectKey.objects.in_bulk([one for one in subjects if one not in found])
    return {**dict.fromkeys(subjects), **found, **{one: _key_of(row) for one, row in rows.items()}}


def _key_of(row: SubjectKey) -> bytes | None:
    """Open a key and remember it: one that this process has just made only once it is
    committed, since a key that was rolled back opens nothing."""
    trail, subject, key = _trail(), row.subject, _unwrapped(row)
    if (trail, subject) in _fresh:
        transaction.on_commit(lambda: _remember(trail, subject, key))
        return key
    return _remember(trail, subject, key)


def forget(subject: str) -> None:
    """Forget a key in this process."""
    _known.pop((_trail(), subject), None)


def forget_all(trail: str) -> None:
    """Forget the keys of a schema that is gone: one that is made under its name has its own."""
    for place in [one for one in _known if one[0] == trail]:
        del _known[place]
    _fresh.difference_update([one for one in _fresh if one[0] == trail])


def rewrap(row: SubjectKey) -> bool:
    """Keep the key under the present master key; say whether it was not before."""
    if not row.wrapped or _opened(row.wrapped, row.subject, keys.wrapping_key(_trail())):
        return False
    key = _unwrapped(row)
    if not key:
        return False
    row.wrapped = _wrapped(key, row.subject)
    return True


def _remembered(subject: str) -> _Known | None:
    found = _known.get((_trail(), subject))
    return found if found is not None and found.until > time.monotonic() else None


def _remember(trail: str, subject: str, key: bytes | None) -> bytes | None:
    if len(_known) >= _MOST:
        _known.clear()
    _fresh.discard((trail, subject))
    _known[trail, subject] = _Known(key, time.monotonic() + REMEMBER_SECONDS, {})
    return key


def _trail() -> str:
    return str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's


def _wrapped(key: bytes, subject: str) -> str:
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(keys.wrapping_key(_trail())).encrypt(nonce, key, subject.encode())
    return base64.b64encode(nonce + sealed).decode()


def _unwrapped(row: SubjectKey) -> bytes | None:
    """None when it was destroyed, UNOPENED when no master key of ours opens it."""
    if not row.wrapped:
        return None
    for wrapping in keys.unwrapping_keys(_trail()):
        key = _opened(row.wrapped, row.subject, wrapping)
        if key is not None:
            return key
    return UNOPENED


def _opened(wrapped: str, subject: str, wrapping: bytes) -> bytes | None:
    raw = base64.b64decode(wrapped)
    try:
        return AESGCM(wrapping).decrypt(raw[:_NONCE], raw[_NONCE:], subject.encode())
    except InvalidTag:
        return None
