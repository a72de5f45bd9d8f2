"""A person who signs in: staff, client user, or (in the public schema) operator."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property

from tenants.accounts.models.client import Client
from tenants.accounts.models.role import Role
from tenants.accounts.permissions import OPERATOR_PERMISSIONS, ROLES


class UserManager(BaseUserManager["User"]):
    """Makes people by address; addresses are compared in lower case."""

    def create_user(
        self,
        email: str,
        password: str | None = None,
        *,
        kind: str = "staff",
        **fields: Any,
    ) -> "User":
        """Create a person; without a password they can only come in by an invitation."""
        user = self.model(email=email.strip().lower(), kind=kind, **fields)
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Signs in with an address that is unique at this partner only.

    Permissions come from our own roles, never from Django's groups, so that a partner's
    schema has no foreign key into the public one.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", "Staff"
        CLIENT = "client", "Client user"
        OPERATOR = "operator", "Operator"

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.STAFF)
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="users"
    )
    is_active = models.BooleanField("may sign in", default=True)
    locale = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="client", client__isnull=False)
                | (~models.Q(kind="client") & models.Q(client__isnull=True)),
                name="user_client_only_for_client_users",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the name that is shown in menus."""
        return self.name

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.name.split(" ")[0] if self.name else self.email

    @cached_property
    def roles(self) -> list[str]:
        """Names of the roles held, in order."""
        return sorted(grant.role for grant in self.role_grants.all())

    @property
    def role_labels(self) -> list[str]:
        """What people call the roles held."""
        return sorted(grant.label for grant in self.role_grants.all())

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Permission strings held, none for somebody who may not sign in."""
        if not self.is_active:
            return frozenset()
        if self.kind == self.Kind.OPERATOR:
            return OPERATOR_PERMISSIONS
        return frozenset[str]().union(*(grant.permissions for grant in self.role_grants.all()))

    @property
    def is_staff(self) -> bool:
        """Whether the staff admin lets this person in."""
        return self.is_active and self.kind == self.Kind.STAFF

    @property
    def is_superuser(self) -> bool:
        """Nobody is above the roles."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether a permission string such as `mappings.edit` is held."""
        return perm in self.permissions

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        """Whether all of the permission strings are held."""
        return all(self.has_perm(perm) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        """Pages check their own permission; the admin's index lists nothing by app."""
        return self.is_staff


class RoleGrantManager(models.Manager["RoleGrant"]):
    """Reads a partner's own roles along with the grants: every request asks for both."""

    def get_queryset(self) -> models.QuerySet["RoleGrant"]:
        """Return all grants."""
        return super().get_queryset().select_related("own_role")


class RoleGrant(models.Model):
    """A person holds a role: a built-in one by its name, or one of the partner's own.

    role: the role's key; for one of the partner's own, `own_role.key`.
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="role_grants", db_index=False
    )
    role = models.CharField(max_length=24)
    own_role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, related_name="grants")
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.CharField(max_length=160, blank=True)

    objects = RoleGrantManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="role_grant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"

    @property
    def label(self) -> str:
        """What people call the role."""
        if self.own_role is not None:
            return self.own_role.name
        return ROLES[self.role][0] if self.role in ROLES else self.role

    @property
    def permissions(self) -> frozenset[str]:
        """What it lets the person do; nothing for a role that does not exist."""
        if self.own_role is not None:
            return self.own_role.held
        return ROLES[self.role][1] if self.role in ROLES else frozenset()
