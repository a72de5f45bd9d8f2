"""Signing out at the identity provider too: OpenID Connect RP-Initiated Logout 1.0.

The way is noted when somebody comes in, so that leaving never waits for the provider's answer.
"""

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from tenants.accounts import oidc
from tenants.accounts.models import IdentityProvider

# An address that all browsers and proxies take; without the token the provider asks the person.
MOST_OF_TOKEN = 4000
_WAY = "sign_off"


def note_way(request: HttpRequest, provider: IdentityProvider, token: str) -> None:
    """Remember in the session where its sign-in can be ended, if the provider has such a place."""
    try:
        address = oidc.sign_off_address(provider.issuer)
    except oidc.ProviderFailed:
        return
    if address:
        hint = token if len(token) <= MOST_OF_TOKEN else ""
        request.session[_WAY] = {"provider": str(provider.uuid), "to": address, "hint": hint}


def way_kept(request: HttpRequest) -> dict[str, str]:
    """Return what `note_way` wrote, {} when nothing; for who gives the session a new key."""
    return dict(request.session.get(_WAY) or {})


def keep_way(request: HttpRequest, way: dict[str, str]) -> None:
    """Write it again."""
    if way:
        request.session[_WAY] = way


def sign_off_address(request: HttpRequest) -> str:
    """Return where the browser goes to sign out there too, "" when there is no such place.

    Only while the provider that let the person in is still the one in use.
    """
    way = way_kept(request)
    provider = way and IdentityProvider.objects.filter(uuid=way["provider"], is_active=True).first()
    if not provider:
        return ""
    asked = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": f"{request.scheme}://{request.get_host()}{reverse('sign_in')}",
    }
    if way["hint"]:
        asked["id_token_hint"] = way["hint"]
    return f"{way['to']}{'&' if urlsplit(way['to']).query else '?'}{urlencode(asked)}"
