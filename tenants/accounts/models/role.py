"""A role of the partner's own, beside those that every partner has."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from tenants.accounts.permissions import CLIENT_PERMISSIONS, STAFF_PERMISSIONS

NAME_TAKEN = "There is a role of that name."


class Role(models.Model):
    """A named set of permissions. `tenants.accounts.services.roles` makes and changes it.

    kind: whom it can be given to, staff or clients' people.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", "Staff"
        CLIENT = "client", "Clients' people"

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind)
    note = models.CharField("what it is for", max_length=160, blank=True)
    permissions = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                "kind",
                name="role_name_once",
                violation_error_message=NAME_TAKEN,
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """How grants and forms name it; no built-in role's name has a colon."""
        return f"own:{self.pk}"

    @property
    def held(self) -> frozenset[str]:
        """Its permissions, as far as they exist and may be given to such people at all."""
        known = CLIENT_PERMISSIONS if self.kind == self.Kind.CLIENT else STAFF_PERMISSIONS
        return known.intersection(self.permissions)
