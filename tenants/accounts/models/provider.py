"""A partner's identity provider, and whom it knows."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.accounts.models.user import User


class IdentityProvider(models.Model):
    """Single sign-on by OpenID Connect or SAML, for one door: staff or clients' people.

    SAML has `sign_in_url`, `certificate` and perhaps `email_claim`; OpenID Connect the client.
    `secret` is sealed for (schema, table, uuid, field). `roles` maps a value of the claim
    `role_claim` to a role. `required` leaves the password to `break_glass` alone.
    """

    class Protocol(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    uuid = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    protocol = models.CharField(max_length=4, choices=Protocol, default=Protocol.OIDC)
    kind = models.CharField(max_length=8, choices=User.Kind, unique=True)
    is_active = models.BooleanField(default=False)
    label = models.CharField(max_length=60)
    issuer = models.CharField(max_length=300)
    client_id = models.CharField(max_length=200, blank=True)
    secret = models.TextField(blank=True)
    sign_in_url = models.CharField(max_length=500, blank=True)
    certificate = models.TextField(blank=True)
    email_claim = models.CharField(max_length=200, blank=True)
    scopes = models.CharField(max_length=200, default="openid email profile")
    role_claim = models.CharField(max_length=80, blank=True)
    roles = models.JSONField(default=dict)
    creates_people = models.BooleanField(default=False)
    domains = ArrayField(models.CharField(max_length=120), default=list)
    has_second_factor = models.BooleanField(default=False)
    required = models.BooleanField(default=False)
    break_glass = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(required=False)
                | ~models.Q(kind="staff")
                | models.Q(break_glass__isnull=False),
                name="identity_provider_keeps_a_way_in",
            )
        ]

    def __str__(self) -> str:
        return self.label


class ExternalIdentity(models.Model):
    """A person as a provider knows them; its subject never changes, an address may."""

    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="identities"
    )
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    linked_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "subject"], name="identity_subject_once"),
            models.UniqueConstraint(fields=["provider", "user"], name="identity_person_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.provider}"
