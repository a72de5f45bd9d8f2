"""The public schema: which partners there are, their hosts, and when each has work due."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_tenants.models import TenantMixin

from tenants.domains.names import is_under
from tenants.domains.state import HELD, LABELS


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
    # What has gone of the checklist for new partners: see `tenants.services.onboarding`.
    onboarding = models.JSONField(default=dict, blank=True)

    auto_create_schema = False
    auto_drop_schema = False

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A host name of a partner and what is served there.

    The library's own base is not used: there a name is anybody's once and for all, and a
    partner has one primary name; here two may ask for the same name until one proves it, and
    each door has a primary name of its own.

    token: what the TXT record must say; empty for what an operator set up.
    is_vouched: an operator answers for the name; it is not checked again.
    check_after: when it is due for a check; None: by hand only.
    proof_note, pointing_note: what the last check said, in words for people.
    """

    class Kind(models.TextChoices):
        ADMIN = "admin", "Staff admin"
        PORTAL = "portal", "Portal"

    class State(models.TextChoices):
        PENDING = "pending", LABELS["pending"]
        VERIFIED = "verified", LABELS["verified"]
        ACTIVE = "active", LABELS["active"]
        FAILING = "failing", LABELS["failing"]
        REMOVED = "removed", LABELS["removed"]

    domain = models.CharField(max_length=253, db_index=True)
    tenant = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="domains")
    is_primary = models.BooleanField(default=False)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    token = models.CharField(max_length=64, blank=True)
    is_vouched = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    proved_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    check_after = models.DateTimeField(null=True)
    misses = models.PositiveIntegerField(default=0)
    proof_note = models.CharField(max_length=1000, blank=True)
    pointing_note = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["domain"]
        constraints = [
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state__in=sorted(HELD)), name="domain_held_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "domain"],
                condition=~Q(state="removed"),
                name="domain_once_per_partner",
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                condition=Q(is_primary=True),
                name="domain_primary_per_door",
            ),
        ]
        indexes = [
            models.Index(
                fields=["check_after"],
                condition=Q(check_after__isnull=False),
                name="domain_due",
            )
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def is_own(self) -> bool:
        """Say whether it is a name of the partner's own, not one under the platform's domain."""
        return not is_under(self.domain, settings.PLATFORM_DOMAIN)

    @property
    def is_checked(self) -> bool:
        """Say whether its proof is looked for in DNS, again and again."""
        return bool(self.token) and not self.is_vouched and self.state != self.State.REMOVED

    @property
    def record_name(self) -> str:
        """Where the TXT record of the proof stands."""
        return f"{settings.DOMAIN_PROOF_LABEL}.{self.domain}"


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


class OperatorKey(models.Model):
    """A data key of the operators' own schema, wrapped by the installation's master key.

    What seals their second factors; a partner's are in the partner's schema.
    """

    version = models.PositiveIntegerField(unique=True)
    wrapped = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"key {self.version}"


class TrailMark(models.Model):
    """How far a schema's audit trail was when it was last sealed; see `tenants.trail_marks`.

    upto: the last number that was given to an entry. looks: visits since then without a new one.
    outside: how each further place for anchors stands, see `tenants.outside_marks`; the fields
    after it: when one is due, how often somebody said so, until when a ring counts.
    """

    schema_name = models.CharField(max_length=63, primary_key=True)
    upto = models.BigIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    visited_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    rung_until = models.DateTimeField(null=True)
    outside = models.JSONField(default=dict, db_default={})
    outside_due_at = models.DateTimeField(null=True)
    outside_calls = models.BigIntegerField(default=0, db_default=0)
    outside_rung_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.schema_name


class Heartbeat(models.Model):
    """When a worker's supervisor last said that it is alive."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
