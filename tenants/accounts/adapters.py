"""Secrets of second factors: sealed for one person, so that a copied row opens for nobody."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from allauth.mfa.models import Authenticator

from tenants.context import current_schema
from tenants.sealing import Again, Place, open_text, seal_text

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104  no address is bound: a server behind a socket has none
_SEALED = ("secret", "seed")
_person: ContextVar[int | None] = ContextVar("factor_person", default=None)


@contextmanager
def of_person(pk: int) -> Iterator[None]:
    """Seal and open the secrets of this person until the block ends."""
    token = _person.set(pk)
    try:
        yield
    finally:
        _person.reset(token)


def _place(pk: int | None) -> Place:
    if pk is None:
        raise RuntimeError("Whose secret it is was not said; use of_person().")
    return (current_schema(), "authenticator", f"person {pk}", "secret")


def seal_secret(text: str) -> str:
    """Seal a secret for the person of the block."""
    return seal_text(text, _place(_person.get()))


def open_secret(sealed: str) -> str:
    """Open a secret of the person of the block. Raises SealError."""
    return open_text(sealed, _place(_person.get()))


def reseal(again: Again) -> int:
    """Seal every factor's secret with the partner's new key."""
    count = 0
    for row in Authenticator.objects.select_for_update().order_by("pk"):
        held = {name: row.data[name] for name in _SEALED if name in row.data}
        if not held:
            continue
        place = _place(row.user_id)
        row.data.update({name: again(text, place) for name, text in held.items()})
        row.save(update_fields=["data"])
        count += 1
    return count


def known_address(address: str) -> str:
    """Return a network address that the list of sessions can keep."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return UNKNOWN_ADDRESS
