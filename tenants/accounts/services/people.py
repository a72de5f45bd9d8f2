"""Inviting people, giving roles, closing accounts."""

from collections.abc import Iterable
from zoneinfo import available_timezones

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from governance.twins import refusing_twins
from tenants.accounts import actions
from tenants.accounts.locales import is_offered
from tenants.accounts.models import Client, RoleGrant, User
from tenants.accounts.names import plain_name
from tenants.accounts.permissions import STAFF_PERMISSIONS
from tenants.accounts.services.providers import refuse_break_glass
from tenants.accounts.services.roles import (
    KnownRole,
    grantable,
    known_roles,
    require_grantable,
)
from tenants.accounts.services.sessions import end_all
from tenants.accounts.services.tokens import revoke_tokens_of


def _checked_roles(kind: str, roles: Iterable[str]) -> list[KnownRole]:
    allowed = {role.key: role for role in known_roles(of_client=kind == User.Kind.CLIENT)}
    wanted = sorted(set(roles))
    wrong = [role for role in wanted if role not in allowed]
    if wrong:
        raise ValidationError(
            {"roles": f"{', '.join(wrong)} is no role here; use {', '.join(allowed)}."}
        )
    return [allowed[key] for key in wanted]


def _guard_widening(actor: Actor, kind: str) -> None:
    """A client's administrator gives client roles only, never staff ones."""
    if actor.client_id is not None and kind != User.Kind.CLIENT:
        raise ValidationError("Only the partner's own people can add staff.")


def _require_grantable(actor: Actor, kind: str, roles: Iterable[KnownRole]) -> None:
    held = frozenset[str]().union(*(role.permissions for role in roles))
    require_grantable(actor, held, to_clients=kind == User.Kind.CLIENT, field="roles")


def _grant(actor: Actor, user: User, roles: Iterable[KnownRole]) -> None:
    RoleGrant.objects.bulk_create(
        RoleGrant(user=user, role=role.key, own_role=role.own, granted_by=actor.label)
        for role in roles
    )


def _names(roles: Iterable[KnownRole]) -> list[str]:
    """Roles as the trail keeps them: built-in ones by key, own ones by the name of the day."""
    return [role.name if role.own else role.key for role in roles]


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
    _guard_widening(actor, kind)
    wanted = _checked_roles(kind, roles)
    _require_grantable(actor, kind, wanted)
    told = "Somebody here has this e-mail address already."
    if actor.client_id is not None:
        # Who else is here is nothing for a client's administrator to learn.
        told = "This address can't be invited here. Ask support."
    taken = ValidationError({"email": told})
    if User.objects.filter(email=email.strip().lower()).exists():
        raise taken
    with refusing_twins(taken):
        user = User.objects.create_user(
            email, password, kind=kind, name=plain_name(name), client=client
        )
    _grant(actor, user, wanted)
    audit.record(
        actions.USER_INVITED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=client.pk if client else None,
        after={"email": user.email, "roles": _names(wanted)},
    )
    return user


@transaction.atomic
def set_roles(actor: Actor, user: User, roles: Iterable[str]) -> None:
    """Make `roles` the roles that a person holds.

    Nobody changes their own, gives what they don't hold themselves, or takes the last owner
    away: raises ValidationError. Only an owner makes an owner something else.
    """
    actor.require("users.manage", user.client_id)
    _refuse_own(actor, user, "roles")
    wanted = _checked_roles(user.kind, roles)
    _lock_owners()
    grants = RoleGrant.objects.select_for_update(of=("self",)).filter(user=user)
    before = {grant.role: grant for grant in grants}
    keys = {role.key for role in wanted}
    if keys == before.keys():
        return
    added = [role for role in wanted if role.key not in before]
    _require_grantable(actor, user.kind, added)
    if "owner" in before and "owner" not in keys:
        _require_owner_rights(actor, user)
        _require_another_owner(user)
        refuse_break_glass(user)
    RoleGrant.objects.filter(user=user).exclude(role__in=keys).delete()
    _grant(actor, user, added)
    audit.record(
        actions.ROLES_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before={"roles": [one.label if one.own_role else one.role for one in before.values()]},
        after={"roles": _names(wanted)},
    )


@transaction.atomic
def set_active(actor: Actor, user: User, *, active: bool) -> None:
    """Let a person sign in, or stop them from the next request on.

    Closing an account ends its sessions and revokes its tokens, for good: who is let in again
    signs in anew. Opening one gives its permissions, so the actor must hold them.
    """
    actor.require("users.manage", user.client_id)
    _refuse_own(actor, user, "account")
    if user.is_active == active:
        return
    if active:
        held = frozenset[str]().union(*(one.permissions for one in user.role_grants.all()))
        require_grantable(
            actor, held, to_clients=user.kind == User.Kind.CLIENT, field=NON_FIELD_ERRORS
        )
    elif "owner" in user.roles:
        _require_owner_rights(actor, user)
        _require_another_owner(user)
        refuse_break_glass(user)
    User.objects.filter(pk=user.pk).update(is_active=active)
    # On opening, too: of a sign-in that was under way when it was closed.
    end_all(actor, user)
    revoke_tokens_of(actor, user)
    audit.record(
        actions.USER_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before={"is_active": not active},
        after={"is_active": active},
    )


@transaction.atomic
def set_forms(actor: Actor, user: User, *, locale: str, time_zone: str) -> None:
    """Set a person's own forms of numbers and dates, and their zone; empty follows the client's
    or the partner's. Everybody does that for themselves alone: raises NotPermitted.
    """
    if actor.user_id != user.pk:
        raise NotPermitted("People set this for themselves.")
    if locale and not is_offered(locale):
        raise ValidationError({"locale": "Choose one of the forms on the list."})
    if time_zone and time_zone not in available_timezones():
        raise ValidationError({"time_zone": "Choose one of the time zones on the list."})
    wanted = {"locale": locale, "time_zone": time_zone}
    before, after = audit.changed_fields(
        {"locale": user.locale, "time_zone": user.time_zone}, wanted
    )
    if not after:
        return
    User.objects.filter(pk=user.pk).update(**wanted)
    audit.record(
        actions.USER_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before=before,
        after=after,
    )


def _refuse_own(actor: Actor, user: User, what: str) -> None:
    """Nobody widens what they may do themselves, nor locks themselves out."""
    if actor.user_id == user.pk:
        raise ValidationError(f"Somebody else has to change your own {what}.")


def _require_owner_rights(actor: Actor, user: User) -> None:
    """An owner is put out by another owner only, never by somebody whom they let in."""
    lacking = STAFF_PERMISSIONS - grantable(actor, to_clients=False)
    if lacking:
        raise ValidationError(f"{user.name} is an owner; only another owner can do this.")


def _lock_owners() -> None:
    """Let two owners who put each other out take turns. Before any other lock of grants."""
    owners = RoleGrant.objects.filter(role="owner").order_by("pk")
    list(owners.select_for_update(of=("self",)))


def _require_another_owner(user: User) -> None:
    """Raise ValidationError for the last one."""
    _lock_owners()
    owners = RoleGrant.objects.filter(role="owner")
    if not owners.filter(user__is_active=True).exclude(user=user).exists():
        raise ValidationError(f"{user.name} is the only owner; make somebody else owner first.")
