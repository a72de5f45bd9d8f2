"""What every template knows."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from branding.services.identity import current_identity


def brand(request: HttpRequest) -> dict[str, object]:
    """`brand`: the identity of the request's host, read when a template first asks."""
    return {"brand": SimpleLazyObject(current_identity)}
