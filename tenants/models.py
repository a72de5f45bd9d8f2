"""The public schema: which partners there are, their hosts, and when each has work due."""

from django.db import models
from django.utils import timezone
from django_tenants.models import DomainMixin, TenantMixin


class Partner(TenantMixin):
    """A tenant: one PostgreSQL schema. `tenants.services.provisioning` makes it."""

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", "Being set up"
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=16, choices=Status, default=Status.PROVISIONING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    suspended_reason = models.CharField(max_length=300, blank=True)

    auto_create_schema = False
    auto_drop_schema = False

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host name of a partner and what is served there."""

    class Kind(models.TextChoices):
        ADMIN = "admin", "Staff admin"
        PORTAL = "portal", "Client portal"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for proof"
        VERIFIED = "verified", "Proved"
        ACTIVE = "active", "Active"
        FAILING = "failing", "Failing"
        REMOVED = "removed", "Removed"

    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)

    class Meta:
        ordering = ["domain"]

    def __str__(self) -> str:
        return str(self.domain)


class Wakeup(models.Model):
    """When a partner's schema next has work: the one row per partner that the sweep reads."""

    schema_name = models.CharField(max_length=63, primary_key=True)
    due_at = models.DateTimeField(null=True, db_index=True)
    lease_until = models.DateTimeField(null=True)
    lease_no = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.schema_name


class MailWakeup(models.Model):
    """When a schema next has mail to send; the operators' own ("public") has a row, too."""

    schema_name = models.CharField(max_length=63, primary_key=True)
    due_at = models.DateTimeField(db_index=True)
    rung_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.schema_name


class Heartbeat(models.Model):
    """When a worker's supervisor last said that it is alive."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
