"""A new partner's checklist: what was closed, kept on the partner. What is done is computed."""

from typing import Final

from django.core.cache import cache
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.context import public_scope
from tenants.models import Domain, Partner

PERMISSION: Final = "brand.manage"  # the owner's
CLOSED, NO_DOMAIN = "closed", "no_domain"


def is_closed(partner: Partner) -> bool:
    """Say whether the checklist has gone: everything was done, or the owner put it away."""
    return CLOSED in partner.onboarding


def note_done(partner: Partner) -> None:
    """Remember that everything is done, so that it is not looked for again."""
    _keep(partner, CLOSED, "done")


@transaction.atomic
def dismiss(actor: Actor, partner: Partner, *, only_domain: bool = False) -> None:
    """Put the checklist away, or its step about a domain alone. Raises NotPermitted."""
    actor.require(PERMISSION, None)
    key = NO_DOMAIN if only_domain else CLOSED
    if key in partner.onboarding:
        return
    _keep(partner, key, "dismissed")
    audit.record(
        actions.CHECKLIST_DISMISSED,
        object_kind="partner",
        object_id=partner.slug,
        object_label=partner.name,
        after={key: "dismissed"},
    )


def _keep(partner: Partner, key: str, value: str) -> None:
    partner.onboarding = {**partner.onboarding, key: value}
    Partner.objects.filter(pk=partner.pk).update(onboarding=partner.onboarding)
    hosts = Domain.objects.filter(tenant_id=partner.pk).values_list("domain", flat=True)
    keys = [f"host:{host}" for host in hosts]
    with public_scope():
        cache.delete_many(keys)  # the partner as the next request reads it
