"""OpenID Connect with a provider: where it is, the code for a token, who somebody is.

The authorization code flow with PKCE. Every call goes through `tenants.outbound`.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache

from tenants.accounts.id_token import Expected, TokenRefused, claims_of
from tenants.outbound import CallFailed, call

KEPT_SECONDS = 300
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderFailed(Exception):
    """The provider cannot be used, or its answer not believed; the message says why."""


@dataclass(frozen=True, slots=True)
class Client:
    """This partner as the provider knows it."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Checked claims, and the token that they came in as the provider signed it."""

    claims: dict[str, Any]
    token: str


def discover(issuer: str, *, fresh: bool = False) -> Mapping[str, Any]:
    """Return what the provider says of itself. Raises ProviderFailed."""
    key = f"oidc:{hashlib.sha256(issuer.encode()).hexdigest()}"
    known = None if fresh else cache.get(key)
    if isinstance(known, dict):
        return known
    found = _json("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise ProviderFailed("The provider calls itself by another address than this issuer.")
    for name in _ADDRESSES:
        _require_address(found.get(name), name)
    cache.set(key, found, KEPT_SECONDS)
    return found


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def authorization_address(
    client: Client, *, scopes: str, state: str, nonce: str, verifier: str
) -> str:
    """Return where the browser goes to sign in. Raises ProviderFailed."""
    address = str(discover(client.issuer)["authorization_endpoint"])
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
    )
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


def claims_for_code(
    client: Client, code: str, *, verifier: str, expected: Expected, wanted: Collection[str]
) -> Answer:
    """Exchange a code and return checked claims. Raises ProviderFailed.

    Where the token lacks any of the `wanted`, the provider's userinfo is asked for more.
    """
    about = discover(client.issuer)
    answer = _exchange(client, about, code, verifier)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise ProviderFailed("The provider sent no token.")
    keys = _json("GET", str(about["jwks_uri"])).get("keys")
    named = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    try:
        claims = claims_of(token, named, expected)
    except TokenRefused as error:
        raise ProviderFailed(str(error)) from None
    if all(name in claims for name in wanted):
        return Answer(claims, token)
    more = _userinfo(about, answer.get("access_token"), claims)
    return Answer({**more, **claims}, token)


def sign_off_address(issuer: str) -> str:
    """Return where a sign-in is ended, "" where the provider has no such place.

    Raises ProviderFailed.
    """
    address = discover(issuer).get("end_session_endpoint")
    if address is None:
        return ""
    _require_address(address, "end_session_endpoint")
    return str(address)


def _exchange(client: Client, about: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    headers = dict(_FORM)
    methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in methods:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    return _json("POST", str(about["token_endpoint"]), headers, urlencode(form).encode())


def _userinfo(about: Mapping[str, Any], token: object, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return more claims of the same person, where the provider keeps them there."""
    address = about.get("userinfo_endpoint")
    if not isinstance(address, str) or not isinstance(token, str):
        return {}
    _require_address(address, "userinfo_endpoint")
    found = _json("GET", address, {"Authorization": f"Bearer {token}"})
    if found.get("sub") != claims["sub"]:
        raise ProviderFailed("The provider spoke of two different people.")
    return found


def _require_address(value: object, name: str) -> None:
    schemes = {"https"} if settings.PRODUCTION else {"https", "http"}
    if not isinstance(value, str) or urlsplit(value).scheme not in schemes:
        raise ProviderFailed(f"The provider does not name its {name.replace('_', ' ')}.")


def _json(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> dict[str, Any]:
    try:
        status, content = call(method, url, headers or {"Accept": "application/json"}, body)
    except CallFailed as error:
        raise ProviderFailed(f"The provider does not answer: {error}") from None
    if status != 200:
        raise ProviderFailed(f"The provider answered with status {status}.")
    try:
        found = json.loads(content)
    except ValueError:
        raise ProviderFailed("The provider's answer is no JSON.") from None
    if not isinstance(found, dict):
        raise ProviderFailed("The provider's answer is not what was asked for.")
    return found
