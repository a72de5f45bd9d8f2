"""Which addresses may be called for a partner, decided after resolution and pinned to the call.

The name is resolved once, every address it has must be permitted, and the connection goes
to exactly the address that was checked: a name that answers differently a moment later
(rebinding) changes nothing. `syncjobs.connectors` call by HTTP, `branding.mail` by SMTP.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import requests
from django.conf import settings
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Never, even where an operator allows a network around them: the services of cloud
# machines, and spellings that hide an IPv4 address in an IPv6 one.
NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "fd00:ec2::254/128",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fe80::/10",
        "fec0::/10",
    )
)
_LOOPBACK_6: Final = ipaddress.IPv6Address("::1")


class AddressRefused(requests.RequestException):
    """The address is not one that may be called; nothing was sent."""


class NameNotFound(requests.RequestException):
    """The name has no address now; nothing was sent."""


@dataclass(frozen=True, slots=True)
class EgressRules:
    """`private` holds the networks that the operator lets connectors reach all the same."""

    private: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> "EgressRules":
        """Rules from CIDR texts; ValueError names a wrong one."""
        return cls(tuple(ipaddress.ip_network(text) for text in networks))

    def allows_private(self, address: Address) -> bool:
        """Say whether the operator opened the network that this address is in."""
        return any(address in network for network in self.private)

    def permits(self, address: Address) -> bool:
        """Say whether a connector may call this address."""
        return _permits(self, address)


@lru_cache(maxsize=4096)
def _permits(rules: EgressRules, address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return _permits(rules, address.ipv4_mapped)
    if address != _LOOPBACK_6 and any(address in network for network in NEVER):
        return False
    if rules.allows_private(address):
        return True
    refused = address.is_multicast or address.is_reserved or not address.is_global
    return not refused and not any(address in network for network in EXTRA_BLOCKED_NET_RANGES)


def rules_from_settings() -> EgressRules:
    """The rules that the operator set for this installation."""
    return EgressRules.allowing(settings.ALLOWED_PRIVATE_NETWORKS)


def literal_address(host: str) -> Address | None:
    """Return the address that `host` spells in any way that resolvers take; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def pinned_address(host: str, port: int, rules: EgressRules) -> Address:
    """Resolve `host` once and return the address to connect to.

    Raises NameNotFound, or AddressRefused when any of its addresses is not permitted.
    IPv4 comes first: many in-house systems listen on that only.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameNotFound(f"The name {host} has no address.") from error
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    for address in addresses:
        if not rules.permits(address):
            raise AddressRefused(
                f"{host} is at {address}, in a network that connections may not reach. "
                "An operator can allow a private network in the installation's settings."
            )
    if not addresses:
        raise NameNotFound(f"The name {host} has no address.")
    return min(addresses, key=lambda address: address.version)
