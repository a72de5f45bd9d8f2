"""Mails to a partner's owners about what happened to a domain of theirs."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.conf import settings

from tenants import mailing
from tenants.accounts.models import User
from tenants.context import public_scope, schema_scope
from tenants.domains.state import Move
from tenants.hosts import base_url
from tenants.models import Domain

TEMPLATE: Final = "domain_news"
PAGE: Final = "/domains/"


@dataclass(frozen=True)
class _News:
    title: str
    text: str


# By move and the state before it; what is not here is no news.
_NEWS: Final = MappingProxyType[tuple[Move, str], _News](
    {
        ("activate", "verified"): _News(
            "{name} is in service",
            "Your domain is proved and points here. From now on it is served, and new links "
            "use it.",
        ),
        ("lose", "active"): _News(
            "{name} needs your attention",
            "The record that proves your domain is no longer there: {note} It is served for "
            "{days} more days. Put the record back to keep it.",
        ),
        ("prove", "failing"): _News(
            "{name} is well again",
            "The record that proves your domain is back. Nothing more is to be done.",
        ),
        ("expire", "failing"): _News(
            "{name} is no longer served",
            "The record that proves your domain was missing for {days} days. Links to it lead "
            "nowhere now; new links use your other address. You can add it again.",
        ),
    }
)
_TAKEN: Final = _News(
    "{name} cannot be used",
    "Somebody else has proved this name first. If it is yours, remove their record from your "
    "DNS and write to support.",
)


def tell(pk: int, way: Move, before: str) -> None:
    """Mail the owners what a move means for them, if anything."""
    news = _NEWS.get((way, before))
    if news is not None:
        _send(pk, news)


def tell_taken(pk: int) -> None:
    """Mail the owners that another partner has proved the name that they wait for."""
    _send(pk, _TAKEN)


def _send(pk: int, news: _News) -> None:
    with public_scope():
        domain = Domain.objects.select_related("tenant").get(pk=pk)
    schema = domain.tenant.schema_name
    facts = {
        "name": domain.domain,
        "note": domain.proof_note,
        "days": settings.DOMAIN_GRACE_DAYS,
    }
    with schema_scope(schema):
        link = base_url(schema, Domain.Kind.ADMIN) + PAGE
        owners = User.objects.filter(role_grants__role="owner", is_active=True).distinct()
        for owner in owners.order_by("pk"):
            values = {
                "name": owner.name,
                "title": news.title.format(**facts),
                "text": news.text.format(**facts),
                "link": link,
            }
            mailing.send(owner.email, TEMPLATE, values)
