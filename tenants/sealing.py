"""The way down to a partner's keys: the layer above registers its vault here at start-up.

Secrets of accounts (second factors, single sign-on) are sealed with the partner's data keys,
like the credentials of connections. A holder seals its rows again when the keys change.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

Place = tuple[str, ...]
Again = Callable[[str, Place], str]
Holder = Callable[[Again], int]
_FIELD = "text"


class SealError(Exception):
    """A secret cannot be sealed or opened; the message says what to do, never the content."""


class Seal(Protocol):
    """Seals a content for a place."""

    def __call__(self, plaintext: Mapping[str, object], *, aad: Place) -> str: ...


class Open(Protocol):
    """Opens what was sealed for a place; raises SealError."""

    def __call__(self, token: str, *, aad: Place) -> dict[str, object]: ...


_vault: list[tuple[Seal, Open]] = []
_holders: list[Holder] = []


def register_vault(seal: Seal, open_sealed: Open) -> None:
    """Let this vault seal everything. One only."""
    if _vault:
        raise RuntimeError("A vault is registered already.")
    _vault.append((seal, open_sealed))


def register_holder(holder: Holder) -> None:
    """Let `holder` seal its rows again, one by one, whenever the partner's keys change."""
    if holder not in _holders:
        _holders.append(holder)


def reseal_all(again: Again) -> int:
    """Seal every holder's rows again; return how many."""
    return sum(holder(again) for holder in _holders)


def seal_text(text: str, place: Place) -> str:
    """Return `text` sealed for `place`. Raises SealError."""
    return _registered()[0]({_FIELD: text}, aad=place)


def open_text(token: str, place: Place) -> str:
    """Return the text that was sealed for `place`. Raises SealError."""
    return str(_registered()[1](token, aad=place)[_FIELD])


def _registered() -> tuple[Seal, Open]:
    if not _vault:
        raise SealError("No vault is registered in this process.")
    return _vault[0]
