"""Erases what the audit trail says of a person, by destroying their key."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from governance import subject_keys
from governance.actions import SUBJECT_ERASED
from governance.actors import Actor
from governance.models import SubjectKey
from governance.services import audit


@transaction.atomic
def erase_subject(
    actor: Actor, subject: str, *, client_id: int | None = None, reason: str = ""
) -> None:
    """Destroy a person's key, such as that of "person-12". Raises NotPermitted.

    The entries stay, and so do the hashes over them; names, addresses and personal fields in
    them can't be read again by anybody. Other processes may remember the key for half a minute.
    Whatever is written of this person later is written as erased.
    """
    actor.require("users.manage", client_id)
    SubjectKey.objects.update_or_create(
        subject=subject, defaults={"wrapped": "", "destroyed_at": timezone.now()}
    )
    subject_keys.forget(subject)
    transaction.on_commit(lambda: subject_keys.forget(subject))
    audit.record(
        SUBJECT_ERASED,
        object_kind="subject",
        object_id=subject,
        client_id=client_id,
        reason=reason,
    )


def erased_at(subject: str) -> datetime | None:
    """Return when a person's key was destroyed, None while it was not."""
    rows = SubjectKey.objects.filter(subject=subject)
    return rows.values_list("destroyed_at", flat=True).first()


def rewrap_subject_keys() -> int:
    """Keep all keys of the schema under the present master key; return how many were not."""
    changed = [row for row in SubjectKey.objects.exclude(wrapped="") if subject_keys.rewrap(row)]
    SubjectKey.objects.bulk_update(changed, ["wrapped"], batch_size=500)
    return len(changed)
