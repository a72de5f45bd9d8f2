"""Support grants: a partner lets operators in, for a while, with a reason, and sees it all.

Both sides keep it: the partner's own audit trail, and the operators' in the public schema.
An operator without an open grant has no way in.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from governance import correlation
from governance.actions import Action
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import SupportGrant, SupportVisit, User
from tenants.accounts.names import plain_name
from tenants.accounts.notices import SUPPORT_PATH, tell_change
from tenants.accounts.support_user import support_actor
from tenants.context import public_scope, schema_scope
from tenants.models import Partner

MAX_HOURS: Final = 72
TICKET_LIFE: Final = timedelta(minutes=2)
_LABEL: Final = 160


@dataclass(frozen=True, slots=True)
class Ticket:
    """What brings an operator over to the partner's host: its secret is shown once."""

    visit: SupportVisit
    secret: str


# --- the partner's side --------------------------------------------------------------


@transaction.atomic
def give_grant(actor: Actor, *, level: str, reason: str, hours: int) -> SupportGrant:
    """Let operators in. Raises NotPermitted, or ValidationError that names the field."""
    actor.require("support.grant", None)
    if actor.kind != "person" or actor.id is None:
        raise NotPermitted("Only a person who has signed in can let support in.")
    if not 1 <= hours <= MAX_HOURS:
        raise ValidationError({"hours": f"Give 1 to {MAX_HOURS} hours."})
    grant = SupportGrant(
        level=level,
        reason=_said(reason),
        granted_by_id=actor.id,
        expires_at=timezone.now() + timedelta(hours=hours),
    )
    grant.full_clean()
    grant.save()
    _record_both(actor, actions.SUPPORT_GRANTED, grant, _facts(grant), grant.reason)
    return grant


@transaction.atomic
def revoke_grant(actor: Actor, grant: SupportGrant) -> None:
    """Take a grant back: whoever is in under it is out from the next request on."""
    actor.require("support.grant", None)
    if actor.kind != "person":
        raise NotPermitted("Only a person who has signed in can take support access back.")
    changed = SupportGrant.objects.filter(
        pk=grant.pk, revoked_at=None, expires_at__gt=timezone.now()
    ).update(revoked_at=timezone.now(), revoked_by_label=actor.label[:_LABEL])
    if changed:
        _record_both(actor, actions.SUPPORT_REVOKED, grant, None)


# --- the operator's side -------------------------------------------------------------


def open_grants(partner: Partner) -> list[SupportGrant]:
    """Return the grants that let operators in at a partner now."""
    with schema_scope(partner.schema_name):
        found = SupportGrant.objects.select_related("granted_by")
        return [one for one in found.filter(revoked_at=None) if one.is_open]


def ask_in(actor: Actor, partner: Partner, grant_id: int, reason: str) -> Ticket:
    """Return a ticket for one operator, good for a moment and once.

    The grant is looked up at this partner alone. Raises NotPermitted, ValidationError for a
    reason that is missing, SupportGrant.DoesNotExist for a grant that is not open there.
    """
    actor.require("partners.support")
    if actor.kind != "operator" or actor.id is None:
        raise NotPermitted("Only an operator who has signed in can come in as support.")
    if partner.status != Partner.Status.ACTIVE:
        raise ValidationError(f"{partner.name} is suspended: nobody can come in.")
    why, secret = _said(reason), secrets.token_urlsafe(32)
    with schema_scope(partner.schema_name), transaction.atomic():
        grant = SupportGrant.objects.select_for_update().get(pk=grant_id)
        if not grant.is_open:
            raise SupportGrant.DoesNotExist
        visit = SupportVisit.objects.create(
            grant=grant,
            operator_id=actor.id,
            operator_name=actor.label.partition(" <")[0][:120],
            reason=why,
            ticket=_digest(secret),
        )
        _record_visit(visit, actions.SUPPORT_ASKED, why)
    return Ticket(visit, secret)


def visit_of_ticket(secret: str) -> SupportVisit | None:
    """Return the visit that a ticket opens here now, None when it is used, old or foreign."""
    visit = (
        SupportVisit.objects.select_related("grant")
        .filter(ticket=_digest(secret), entered_at=None, left_at=None)
        .first()
    )
    if visit is None or visit.asked_at + TICKET_LIFE < timezone.now():
        return None
    return visit if _may_stay(visit) else None


@transaction.atomic
def enter(secret: str) -> SupportVisit | None:
    """Use a ticket up and return its visit; None for one that opens nothing (any more)."""
    visit = visit_of_ticket(secret)
    if visit is None:
        return None
    now = timezone.now()
    if not SupportVisit.objects.filter(pk=visit.pk, entered_at=None).update(entered_at=now):
        return None
    visit.entered_at = now
    _record_visit(visit, actions.SUPPORT_ENTERED, visit.reason)
    giver = visit.grant.granted_by
    if giver is not None:
        tell_change(
            giver,
            "Support came in",
            f"{visit.operator_name} came in under the access that you gave: {visit.reason}",
            SUPPORT_PATH,
        )
    return visit


def visit_of_session(visit_id: object) -> SupportVisit | None:
    """Return the visit of a session while it holds, None from the moment it does not."""
    if not isinstance(visit_id, int):
        return None
    visit = (
        SupportVisit.objects.select_related("grant")
        .filter(pk=visit_id, entered_at__isnull=False, left_at=None)
        .first()
    )
    if visit is None:
        return None
    if _may_stay(visit):
        return visit
    end(visit, actions.SUPPORT_ENDED)
    return None


@transaction.atomic
def end(visit: SupportVisit, action: Action = actions.SUPPORT_LEFT) -> None:
    """Note that an operator has left, or that their grant has ended; once."""
    if SupportVisit.objects.filter(pk=visit.pk, left_at=None).update(left_at=timezone.now()):
        _record_visit(visit, action)


def note_page(name: str, method: str, path: str, status: int) -> None:
    """Keep in the partner's trail what support asked for: reading leaves a trace, too."""
    audit.record(
        actions.SUPPORT_OPENED,
        object_kind="page",
        object_id=name[:80],
        object_label=path[:200],
        after={"method": method, "status": status},
    )


def _may_stay(visit: SupportVisit) -> bool:
    """Whether the grant is open and the operator still is one; both are asked each time."""
    if not visit.grant.is_open:
        return False
    with public_scope():
        operators = User.objects.filter(kind=User.Kind.OPERATOR, is_active=True)
        return operators.filter(pk=visit.operator_id).exists()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _said(reason: str) -> str:
    text = plain_name(reason, "reason")
    if not text:
        raise ValidationError({"reason": "Say why; it is kept in both audit trails."})
    if len(text) > 300:
        raise ValidationError({"reason": "Use at most 300 characters."})
    return text


def _facts(grant: SupportGrant) -> dict[str, object]:
    return {"level": grant.level, "until": grant.expires_at.isoformat(timespec="minutes")}


def _record_visit(visit: SupportVisit, action: Action, reason: str = "") -> None:
    actor = support_actor(visit)
    _record_both(actor, action, visit.grant, None, reason, operator_id=visit.operator_id)


def _record_both(
    actor: Actor,
    action: Action,
    grant: SupportGrant,
    after: Mapping[str, object] | None,
    reason: str = "",
    operator_id: int | None = None,
) -> None:
    """Write the same step into the partner's trail and the operators', in one transaction.

    The public trail names the operator, and of the partner's people no id and no address.
    """
    schema = str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
    now = correlation.current()
    with correlation.scope(
        actor=actor, door=now.door, correlation_id=now.correlation_id, address=now.address
    ):
        audit.record(
            action,
            object_kind="support_grant",
            object_id=grant.pk,
            object_label=str(grant),
            after=after,
            reason=reason,
        )
    outside = Actor(kind=actor.kind, id=None, label=actor.label.partition(" <")[0])
    if operator_id is not None:
        outside = Actor(kind="operator", id=operator_id, label=outside.label)
    again = correlation.scope(actor=outside, door=now.door, correlation_id=now.correlation_id)
    with public_scope(), again:
        partner = Partner.objects.get(schema_name=schema)
        audit.record(
            action,
            object_kind="partner",
            object_id=partner.pk,
            object_label=partner.name,
            after={"grant": grant.pk, **(after or {})},
            reason=reason,
        )
