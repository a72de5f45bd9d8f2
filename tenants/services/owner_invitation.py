"""The link that lets a partner's first owner in, sent or shown, and made anew."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.accounts.mail import password_link, send_invitation
from tenants.accounts.models import User
from tenants.context import schema_scope
from tenants.models import Partner


@dataclass(frozen=True)
class Provisioned:
    """A partner, its first owner, and the link that lets the owner in once."""

    partner: Partner
    owner_email: str
    invitation_link: str


def invite_owner(provisioned: Provisioned, invited_by: str) -> None:
    """Send the first owner their link, under the partner's brand."""
    with schema_scope(provisioned.partner.schema_name):
        send_invitation(User.objects.get(email=provisioned.owner_email), invited_by)


def renew_invitation(actor: Actor, partner: Partner) -> Provisioned:
    """Return a fresh link for an owner who has never come in.

    Only until any owner has set a password: from then on the operator has no way into the
    partner, and owners help each other. Raises NotPermitted, or ValidationError.
    """
    actor.require("partners.manage")
    with schema_scope(partner.schema_name), transaction.atomic():
        owners = User.objects.filter(role_grants__role="owner", is_active=True).order_by("pk")
        if any(owner.has_usable_password() for owner in owners):
            raise ValidationError(
                f"{partner.name} has an owner who has come in; owners invite each other."
            )
        first = owners.first()
        if first is None:
            raise ValidationError(f"{partner.name} has no active owner.")
        audit.record(
            actions.OWNER_LINK_RENEWED,
            object_kind="user",
            object_id=first.pk,
            object_label=first.name,
        )
        return Provisioned(partner, first.email, password_link(first))
