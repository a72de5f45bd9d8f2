"""The keys under which the audit trail keeps what is personal."""

from django.db import models


class SubjectKey(models.Model):
    """One person's key. Without it what the trail says of them can't be read again.

    subject: such as "person-12". wrapped: the key under the installation's; empty once it was
    destroyed: the row stays, so that nobody makes another by mistake.
    """

    subject = models.CharField(max_length=60, primary_key=True)
    wrapped = models.CharField(max_length=120, blank=True)
    destroyed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.subject
