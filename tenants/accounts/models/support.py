"""Support: what a partner lets the operators do, for how long, and who came in."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from tenants.accounts.permissions import SUPPORT_PERMISSIONS


class SupportGrant(models.Model):
    """The partner's permission for operators to act here, until it ends or is taken back.

    `tenants.accounts.services.support` gives it and takes it back.
    """

    class Level(models.TextChoices):
        READ = "read", "Read only"
        FULL = "full", "Read and operate"

    level = models.CharField(max_length=4, choices=Level, default=Level.READ)
    reason = models.CharField(max_length=300)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_label = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Support grant {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it lets somebody in now."""
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def permissions(self) -> frozenset[str]:
        """What it lets operators do."""
        return SUPPORT_PERMISSIONS[self.level] if self.is_open else frozenset()


class SupportVisit(models.Model):
    """One operator's stay under a grant, from entering to leaving or the grant's end.

    operator_id: their key in the public schema; no foreign key leads there.
    ticket: digest of the secret that brings them over from the console, once.
    """

    grant = models.ForeignKey(
        SupportGrant, on_delete=models.PROTECT, related_name="visits", db_index=False
    )
    operator_id = models.BigIntegerField()
    operator_name = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    ticket = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    entered_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Support ({self.operator_name})"
