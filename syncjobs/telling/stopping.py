"""Stops sending to an endpoint that fails for too long, and tells who keeps it."""

from django.utils import timezone

from branding.mail.notices import link_of
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.models import Endpoint, Message
from syncjobs.state import ENDPOINT, MESSAGE
from tenants import mailing
from tenants.accounts.models import User

KIND = "endpoint_stopped"
PERMISSION = "webhooks.manage"


def stop_endpoint(endpoint: Endpoint, reason: str) -> None:
    """Switch an endpoint off for its failures, in the caller's transaction; what waited for it
    has failed and can be sent again by hand. The caller has locked the row."""
    move_row(endpoint, ENDPOINT, "stop", state_reason=reason, lease_until=None)
    waiting = Message.objects.filter(endpoint=endpoint, due_at__isnull=False)
    failed = move_rows(waiting, MESSAGE, "fail", due_at=None, ended_at=timezone.now())
    audit.record(
        actions.ENDPOINT_STOPPED,
        object_kind="endpoint",
        object_id=endpoint.pk,
        object_label=endpoint.name,
        client_id=endpoint.keeper_id,
        after={"state": endpoint.state, "failed": failed},
        reason=reason,
    )
    for person in _keepers(endpoint):
        values = {
            "name": person.name,
            "endpoint": endpoint.name,
            "reason": reason,
            "link": link_of(person, "endpoint_detail", endpoint.pk),
        }
        mailing.send(person.email, KIND, values)


def _keepers(endpoint: Endpoint) -> list[User]:
    """Return who made it, if they may still manage it; otherwise everybody who may."""
    people = User.objects.filter(is_active=True, client=endpoint.keeper)
    able = [
        one
        for one in people.prefetch_related("role_grants").order_by("pk")
        if PERMISSION in one.permissions
    ]
    makers = [one for one in able if one.pk == endpoint.made_by_id]
    return makers or able
