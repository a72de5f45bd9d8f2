"""A new partner's checklist: what was closed, kept on the partner. What is done is computed."""

from types import MappingProxyType
from typing import Final

from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.models import Partner

PERMISSION: Final = "brand.manage"  # the owner's
CLOSED: Final = "closed"
# Steps that somebody may have no use for, and what is kept when they say so.
OPTIONAL: Final = MappingProxyType({"domain": "no_domain", "people": "no_people"})


def is_closed(partner: Partner) -> bool:
    """Say whether the checklist has gone: everything was done, or the owner put it away."""
    return CLOSED in partner.onboarding


def note_done(partner: Partner) -> None:
    """Remember that everything is done, so that it is not looked for again."""
    _keep(partner, CLOSED, "done")


@transaction.atomic
def dismiss(actor: Actor, partner: Partner, *, step: str = "") -> None:
    """Put the checklist away, or one of its steps that is not needed. Raises NotPermitted."""
    actor.require(PERMISSION, None)
    key = OPTIONAL.get(step, CLOSED)
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
