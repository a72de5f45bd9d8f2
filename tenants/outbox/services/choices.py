"""Which of the mails that can be switched off a person gets."""

from collections.abc import Iterable

from django.db import transaction

from governance.services import audit
from tenants.accounts.models import User
from tenants.outbox.actions import MAIL_CHOICES_CHANGED
from tenants.outbox.kinds import OPTIONAL
from tenants.outbox.models import MailOptOut


def wanted_mails(user: User) -> list[str]:
    """The kinds that can be chosen and that the person gets."""
    otherwise = set(MailOptOut.objects.filter(user=user).values_list("kind", flat=True))
    return [kind.name for kind in OPTIONAL if (kind.name in otherwise) == kind.asked]


@transaction.atomic
def choose_mails(user: User, wanted: Iterable[str]) -> None:
    """Let a person choose for themselves; a kind that cannot be switched off is passed over."""
    chosen = set(wanted)
    before = wanted_mails(user)
    after = [kind.name for kind in OPTIONAL if kind.name in chosen]
    if before == after:
        return
    MailOptOut.objects.filter(user=user).delete()
    MailOptOut.objects.bulk_create(
        MailOptOut(user=user, kind=kind.name)
        for kind in OPTIONAL
        if (kind.name in after) == kind.asked
    )
    audit.record(
        MAIL_CHOICES_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before={"mails": before},
        after={"mails": after},
    )
