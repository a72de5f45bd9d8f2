"""What every template knows."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from branding.services.identity import current_identity
from branding.storage import picture_version


def brand(request: HttpRequest) -> dict[str, object]:
    """`brand`: the identity of the request's host, read when a template first asks.

    `client_logo_url`: the logo of the signed-in person's own client, empty where there is none
    or its tier does not show it.
    """
    return {
        "brand": SimpleLazyObject(current_identity),
        "client_logo_url": SimpleLazyObject(lambda: _client_logo(request)),
    }


def _client_logo(request: HttpRequest) -> str:
    client = getattr(getattr(request, "user", None), "client_id", None)
    name = current_identity().client_logos.get(client, "") if client else ""
    return f"/brand/client-logo.png?v={picture_version(name)}" if name else ""
