"""Inviting people, giving roles, closing accounts."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import Client, RoleGrant, User
from tenants.accounts.names import plain_name
from tenants.accounts.permissions import CLIENT_ROLES, STAFF_ROLES
from tenants.accounts.services.providers import refuse_break_glass


def _checked_roles(kind: str, roles: Iterable[str]) -> list[str]:
    allowed = CLIENT_ROLES if kind == User.Kind.CLIENT else STAFF_ROLES
    wanted = sorted(set(roles))
    wrong = [role for role in wanted if role not in allowed]
    if wrong:
        raise ValidationError(
            {"roles": f"{', '.join(wrong)} is no role here; use {', '.join(allowed)}."}
        )
    return wanted


def _guard_widening(actor: Actor, kind: str, roles: Iterable[str]) -> None:
    """A client's administrator gives client roles only, never staff ones."""
    if actor.client_id is not None and kind != User.Kind.CLIENT:
        raise ValidationError("Only the partner's own people can add staff.")


@transaction.atomic
def add_person(
    actor: Actor,
    *,
    email: str,
    name: str,
    roles: Iterable[str],
    client: Client | None = None,
    password: str | None = None,
) -> User:
    """Add staff (no client) or a client user. Without a password, invite them afterwards.

    Raises NotPermitted, or ValidationError that names the field.
    """
    kind = User.Kind.CLIENT if client else User.Kind.STAFF
    actor.require("users.manage", client.pk if client else None)
    _guard_widening(actor, kind, roles)
    wanted = _checked_roles(kind, roles)
    user = User.objects.create_user(
        email, password, kind=kind, name=plain_name(name), client=client
    )
    RoleGrant.objects.bulk_create(
        RoleGrant(user=user, role=role, granted_by=actor.label) for role in wanted
    )
    audit.record(
        actions.USER_INVITED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=client.pk if client else None,
        after={"email": user.email, "roles": wanted},
    )
    return user


@transaction.atomic
def set_roles(actor: Actor, user: User, roles: Iterable[str]) -> None:
    """Make `roles` the roles that a person holds.

    Nobody changes their own, and nobody takes the last owner away: raises ValidationError.
    """
    actor.require("users.manage", user.client_id)
    _refuse_own(actor, user, "roles")
    wanted = _checked_roles(user.kind, roles)
    before = sorted(
        RoleGrant.objects.select_for_update().filter(user=user).values_list("role", flat=True)
    )
    if wanted == before:
        return
    if "owner" in before and "owner" not in wanted:
        _require_another_owner(user)
        refuse_break_glass(user)
    RoleGrant.objects.filter(user=user).exclude(role__in=wanted).delete()
    RoleGrant.objects.bulk_create(
        RoleGrant(user=user, role=role, granted_by=actor.label)
        for role in wanted
        if role not in before
    )
    audit.record(
        actions.ROLES_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before={"roles": before},
        after={"roles": wanted},
    )


@transaction.atomic
def set_active(actor: Actor, user: User, *, active: bool) -> None:
    """Let a person sign in, or stop them from the next request on."""
    actor.require("users.manage", user.client_id)
    _refuse_own(actor, user, "account")
    if user.is_active == active:
        return
    if not active and "owner" in user.roles:
        _require_another_owner(user)
        refuse_break_glass(user)
    User.objects.filter(pk=user.pk).update(is_active=active)
    audit.record(
        actions.USER_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before={"is_active": not active},
        after={"is_active": active},
    )


def _refuse_own(actor: Actor, user: User, what: str) -> None:
    """Nobody widens what they may do themselves, nor locks themselves out."""
    if actor.user_id == user.pk:
        raise ValidationError(f"Somebody else has to change your own {what}.")


def _require_another_owner(user: User) -> None:
    others = RoleGrant.objects.filter(role="owner", user__is_active=True).exclude(user=user)
    if not others.exists():
        raise ValidationError(f"{user.name} is the only owner; make somebody else owner first.")
