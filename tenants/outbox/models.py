"""A mail on its way, and who does not want which kind."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from tenants.nouns import in_words
from tenants.outbox import state
from tenants.outbox.kinds import KINDS, kind_label


class OutgoingMail(models.Model):
    """One mail to one mailbox. Only `tenants.outbox.services` changes a row.

    `values` is what its template is filled with; links that let somebody in are never among
    them: they are made when it is sent. It is emptied once the mail has ended. `key` makes that
    the same mail is queued once. `number` names the mail to mail programs, the same at each try.
    """

    kind = models.CharField(max_length=40)
    to = models.EmailField("mailbox")
    values = models.JSONField(default=dict)
    key = models.CharField(max_length=160, null=True, unique=True)  # noqa: DJ001  null: no key
    number = models.UUIDField(default=uuid.uuid4, editable=False)
    state = models.CharField(
        max_length=8, choices=list(state.LABELS.items()), default=state.START, editable=False
    )
    subject = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    lease_no = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    sender = models.CharField(max_length=10, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "mail"
        ordering = ["-pk"]
        indexes = [
            # What is due; how many went to one mailbox lately; what is old.
            models.Index(
                fields=["not_before"],
                condition=models.Q(state__in=["queued", "sending"]),
                name="mail_due",
            ),
            models.Index(fields=["to", "kind", "created_at"], name="mail_mailbox"),
            models.Index(fields=["ended_at"], name="mail_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.label} to {self.to}"

    @property
    def label(self) -> str:
        """What people call its kind."""
        return in_words(kind_label(self.kind))

    @property
    def can_be_sent_again(self) -> bool:
        """Whether an owner can send it again: it failed, and what it says is still there."""
        kind = KINDS.get(self.kind)
        return self.state in {"failed", "bounced"} and kind is not None and not kind.secret


class MailOptOut(models.Model):
    """A person chose otherwise than is usual for a kind of mail: does not want it or, where
    nobody gets it unasked, has asked for it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mail_opt_outs",
        db_index=False,  # the constraint begins with it
    )
    kind = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="mail_opt_out_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: otherwise for {self.kind}"
