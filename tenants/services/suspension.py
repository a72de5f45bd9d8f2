"""Suspending and resuming a partner: its hosts pause, its work is not swept, nothing is lost."""

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from tenants import actions
from tenants.context import public_scope
from tenants.models import Partner


def _set_status(
    actor: Actor, partner: Partner, status: str, reason: str, action: Action
) -> Partner:
    actor.require("partners.manage")
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": "Say why; it is kept in the audit trail."})
    if len(text) > 300:
        raise ValidationError({"reason": "Use at most 300 characters."})
    with public_scope(), transaction.atomic():
        locked: Partner = Partner.objects.select_for_update().get(pk=partner.pk)
        before = locked.status
        if before == Partner.Status.PROVISIONING:
            raise ValidationError(f"{locked.name} is still being set up.")
        if before != status:
            locked.status = status
            locked.suspended_reason = text if status == Partner.Status.SUSPENDED else ""
            locked.save(update_fields=["status", "suspended_reason"])
            audit.record(
                action,
                object_kind="partner",
                object_id=locked.pk,
                object_label=locked.name,
                before={"status": before},
                after={"status": status},
                reason=text,
            )
    return locked


def suspend_partner(actor: Actor, partner: Partner, reason: str) -> Partner:
    """Pause a partner's hosts and work; suspending twice changes nothing.

    Raises NotPermitted, or ValidationError without a reason.
    """
    return _set_status(actor, partner, Partner.Status.SUSPENDED, reason, actions.PARTNER_SUSPENDED)


def resume_partner(actor: Actor, partner: Partner, reason: str) -> Partner:
    """Let a suspended partner's hosts answer and its due work be swept again."""
    return _set_status(actor, partner, Partner.Status.ACTIVE, reason, actions.PARTNER_RESUMED)


def working_schemas() -> list[str]:
    """Return the schemas whose work is to be done: those of active partners."""
    with public_scope():
        active = Partner.objects.filter(status=Partner.Status.ACTIVE)
        return list(active.values_list("schema_name", flat=True))
