"""The secrets that sign what goes to an endpoint: the newest, and the one before for a day."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from syncjobs import signatures
from syncjobs.models import Endpoint
from syncjobs.services.secrets import endpoint_place_of, open_sealed, seal

# For how long messages are signed with the secret before the newest, too.
OVERLAP: Final = timedelta(hours=24)


def make_secret(endpoint: Endpoint, *, overlap: timedelta = OVERLAP) -> str:
    """Put a new secret first and return it, without saving the row; the one before goes on
    signing until `overlap` is over."""
    now = timezone.now()
    before = [one for one in _entries(endpoint) if not one["until"]][:1]
    until = (now + overlap).isoformat()
    kept = [{"secret": one["secret"], "until": until} for one in before] if overlap else []
    fresh = signatures.new_secret()
    endpoint.secrets = seal(
        {"secrets": [{"secret": fresh, "until": ""}, *kept]}, aad=endpoint_place_of(endpoint)
    )
    return fresh


def good_secrets(endpoint: Endpoint, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    return [
        str(one["secret"])
        for one in _entries(endpoint)
        if not one["until"] or datetime.fromisoformat(one["until"]) > now
    ]


def _entries(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.secrets:
        return []
    found: Any = open_sealed(endpoint.secrets, aad=endpoint_place_of(endpoint))
    return list(found["secrets"])
