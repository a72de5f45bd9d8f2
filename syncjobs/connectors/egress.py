"""Which addresses a connector may call by HTTP: `tenants.egress` decides, this pins the call.

TLS still checks the certificate against the name.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from syncjobs.connectors.deadlines import limit_answers
from tenants.egress import (
    NEVER,
    AddressRefused,
    EgressRules,
    NameNotFound,
    literal_address,
    pinned_address,
)

__all__ = [
    "NEVER",
    "AddressRefused",
    "EgressRules",
    "NameNotFound",
    "PinnedAdapter",
    "checked_url",
    "pinned_address",
    "refuse_uncallable",
]


@lru_cache(maxsize=1_024)
def checked_url(url: str) -> str:
    """Return `url` when its form is one that may be called; raises AddressRefused.

    http or https, a host, a sane port, no user name in it and no control characters.
    """
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in url):
        raise AddressRefused("The address has spaces or control characters in it.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"The address is not well formed: {error}.") from error
    if parts.scheme not in {"http", "https"}:
        raise AddressRefused("The address must start with https://.")
    if not parts.hostname or port == 0:
        raise AddressRefused("The address has no host, or a wrong port.")
    if "@" in parts.netloc:
        raise AddressRefused("The address must not hold a user name.")
    return url


def refuse_uncallable(url: str, rules: EgressRules) -> None:
    """Raise AddressRefused for a checked address that can never be called under these rules.

    Where a name leads is decided at every call; what is no name is known now.
    """
    parts = urlsplit(url)
    address = literal_address(parts.hostname or "")
    if address is not None and not rules.permits(address):
        raise AddressRefused("The address is in a network that may not be called.")
    # A name may lead into a private network, if an operator opened one.
    readable = rules.allows_private(address) if address is not None else bool(rules.private)
    if parts.scheme != "https" and not readable:
        raise AddressRefused("The address must start with https://.")


class PinnedAdapter(HTTPAdapter):
    """Connects only to the address that `pinned_address` chose for the request.

    whole: how many seconds an answer may take, from its first header to its end.
    """

    def __init__(self, rules: EgressRules, *, pool_size: int, whole: float) -> None:
        self._rules, self._whole = rules, whole
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return the request's pool, whose answers have a limit of time."""
        pool = super().get_connection_with_tls_context(*args, **options)
        limit_answers(pool, self._whole)
        return pool

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Put the checked address where the name was, and the name where TLS needs it."""
        checked_url(request.url or "")
        host_params: Any
        pool_kwargs: Any  # its published type lacks the two names that TLS needs here
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(
            request, verify, cert
        )
        name, port, scheme = host_params["host"], host_params["port"], host_params["scheme"]
        address = pinned_address(name, port or (443 if scheme == "https" else 80), self._rules)
        if scheme == "https":
            pool_kwargs["assert_hostname"] = name
            pool_kwargs["server_hostname"] = name
        elif not self._rules.allows_private(address):
            raise AddressRefused(
                "The address must start with https://: without it, credentials would travel "
                "readable."
            )
        literal = f"[{name}]" if ":" in name else name
        request.headers["Host"] = f"{literal}:{port}" if port else literal
        host_params["host"] = str(address)
        return host_params, pool_kwargs
