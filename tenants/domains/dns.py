"""Asks DNS. What it answers is strangers' text: cut short, and shown only escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from django.conf import settings
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.TXT import TXT

LIFETIME: Final = 4.0
MOST_VALUES: Final = 50
LONGEST_VALUE: Final = 120


class DnsSilent(Exception):
    """No server answered, or none gave an answer that can be trusted: nothing is known."""


@dataclass(frozen=True)
class Leads:
    """Where a name leads: the names on the way (CNAME) and the addresses at the end."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Resolver(Protocol):
    """What the checks ask. No answer is an empty one; each may raise DnsSilent."""

    def text(self, name: str) -> Sequence[str]:
        """Return the values of the TXT records at a name."""

    def leads(self, name: str) -> Leads:
        """Return where a name leads."""


class DnsResolver:
    """The real one. `servers`: addresses to ask instead of the machine's own."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        try:
            self._inner = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsSilent("This machine has no DNS server configured.") from error
        if servers:
            self._inner.nameservers = list(servers)
        self._inner.search = []
        self._inner.lifetime = LIFETIME
        self._inner.timeout = LIFETIME / 2

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        try:
            # Absolute: no search domain of the machine is ever tried.
            return self._inner.resolve(
                dns.name.from_text(name), kind, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return None
        except (dns.exception.DNSException, OSError) as error:
            raise DnsSilent(str(error)) from error

    def text(self, name: str) -> tuple[str, ...]:
        answer = self._ask(name, dns.rdatatype.TXT)
        rows = list(answer.rrset or ())[:MOST_VALUES] if answer is not None else []
        return tuple(_readable(row) for row in rows if isinstance(row, TXT))

    def leads(self, name: str) -> Leads:
        names: list[str] = []
        addresses: list[str] = []
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = self._ask(name, kind)
            if answer is None:
                continue
            names += _passed(answer)
            addresses += [row.to_text() for row in list(answer.rrset or ())[:MOST_VALUES]]
        return Leads(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(addresses)))


def _readable(row: TXT) -> str:
    """Return a TXT record's parts as one text, printable and short."""
    text = b"".join(row.strings).decode("utf-8", "replace")
    return "".join(one if one.isprintable() else "�" for one in text)[:LONGEST_VALUE]


def _passed(answer: dns.resolver.Answer) -> list[str]:
    """Return the names that the answer went through, by CNAME."""
    return [
        row.target.to_text(omit_final_dot=True).lower()
        for group in answer.response.answer
        for row in group
        if isinstance(row, CNAME)
    ]


@lru_cache(maxsize=4)
def _resolver(servers: tuple[str, ...]) -> DnsResolver:
    return DnsResolver(servers)


def current_resolver() -> Resolver:
    """Return the installation's resolver. Raises DnsSilent when the machine has none."""
    return _resolver(tuple(settings.DNS_SERVERS))
