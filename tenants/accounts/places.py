"""Where somebody asks from: an address, or with IPv6 the network of it that one caller has."""

import ipaddress

from django.db.models import QuerySet

from governance.models import AuditEntry

# What the smallest customer of a network gets: 2⁶⁴ addresses, which are one place.
_PREFIX = 64


def place_of(address: str) -> str:
    """Return the place of an address; what is none stands for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _PREFIX), strict=False))


def count_from(entries: QuerySet[AuditEntry], address: str) -> int:
    """Return how many of these entries came from the same place as an address."""
    place = place_of(address)
    if "/" not in place:
        return entries.filter(address=address).count()
    # All addresses of a network begin alike up to the first colon.
    near = entries.filter(address__startswith=address.partition(":")[0] + ":")
    return sum(place_of(one) == place for one in near.values_list("address", flat=True))
