"""Sending a mail again that did not arrive."""

from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.errors import BadTransition
from governance.services import audit
from tenants.outbox import doorbell, state
from tenants.outbox.actions import MAIL_SENT_AGAIN
from tenants.outbox.models import OutgoingMail

PERMISSION = "brand.manage"


@transaction.atomic
def send_again(actor: Actor, pk: int) -> OutgoingMail:
    """Queue a mail that failed once more, with all its tries.

    Raises NotPermitted, OutgoingMail.DoesNotExist, and BadTransition when it did not fail or is
    of a kind that has to be asked for anew.
    """
    actor.require(PERMISSION, None)
    mail = OutgoingMail.objects.select_for_update().get(pk=pk)
    became = state.after(mail.state, "send_again")
    if not mail.can_be_sent_again:
        raise BadTransition("This kind of mail is asked for anew, not sent again.")
    before = {"state": mail.state, "error": mail.last_error}
    mail.state, mail.attempts, mail.last_error = became, 0, ""
    mail.not_before, mail.ended_at = timezone.now(), None
    mail.save(update_fields=["state", "attempts", "last_error", "not_before", "ended_at"])
    audit.record(
        MAIL_SENT_AGAIN,
        object_kind="mail",
        object_id=mail.pk,
        object_label=str(mail),
        before=before,
        after={"state": became},
    )
    doorbell.ring_after_commit()
    return mail
