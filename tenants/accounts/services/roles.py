"""Roles: which there are, and making, changing and removing the partner's own.

One rule holds them together: nobody hands on a permission that they don't hold themselves,
neither by giving a role nor by putting it into one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actions import Action
from governance.actors import Actor
from governance.permits import require_permit
from governance.services import audit
from governance.twins import refusing_twins
from tenants.accounts import actions
from tenants.accounts.models import Role, RoleGrant
from tenants.accounts.models.role import NAME_TAKEN
from tenants.accounts.names import plain_name
from tenants.accounts.permissions import (
    CLIENT_PERMISSIONS,
    CLIENT_ROLES,
    IMPLIED,
    NOTES,
    PERMISSIONS,
    ROLES,
    STAFF_PERMISSIONS,
    STAFF_ROLES,
    grantable_by,
    permission_labels,
)
from tenants.nouns import in_words

KIND = "role"
NAMED = 5  # holders that a refusal names


@dataclass(frozen=True, slots=True)
class KnownRole:
    """A role that can be given. own: its row, for one of the partner's own."""

    key: str
    name: str
    note: str
    permissions: frozenset[str]
    of_client: bool
    own: Role | None = None


def known_roles(*, of_client: bool) -> list[KnownRole]:
    """Return the roles for clients' people, or those for staff: built-in ones first."""
    kind = Role.Kind.CLIENT if of_client else Role.Kind.STAFF
    built_in = [
        KnownRole(key, name, in_words(NOTES[key]), held, of_client)
        for key, (name, held) in (CLIENT_ROLES if of_client else STAFF_ROLES).items()
    ]
    own = [
        KnownRole(role.key, role.name, role.note, role.held, of_client, role)
        for role in Role.objects.filter(kind=kind)
    ]
    return built_in + own


def role_names() -> dict[str, str]:
    """Return key → name of the roles for staff."""
    return {one.key: one.name for one in known_roles(of_client=False)}


def grantable(actor: Actor, *, to_clients: bool) -> frozenset[str]:
    """Return the permissions that the actor may hand on."""
    held = frozenset(name for name in PERMISSIONS if actor.can(name))
    return grantable_by(held, to_clients=to_clients)


def roles_to_give(actor: Actor, *, of_client: bool) -> list[KnownRole]:
    """Return the roles that the actor may give."""
    may = grantable(actor, to_clients=of_client)
    return [role for role in known_roles(of_client=of_client) if role.permissions <= may]


def require_grantable(
    actor: Actor, permissions: frozenset[str], *, to_clients: bool, field: str
) -> None:
    """Raise ValidationError, naming what is missing, unless the actor may hand these on."""
    lacking = permissions - grantable(actor, to_clients=to_clients)
    if lacking:
        raise ValidationError(
            {
                field: "Only somebody who may do this themselves can give it: "
                f"{', '.join(permission_labels(lacking))}."
            }
        )


@transaction.atomic
def make_role(
    actor: Actor, *, name: str, kind: str, permissions: Iterable[str], note: str = ""
) -> Role:
    """Make a role of the partner's own. Raises NotPermitted, or ValidationError by field."""
    actor.require("users.manage", None)
    role = Role(name=name, kind=kind, note=note, permissions=sorted(set(permissions)))
    checked_role(role)
    require_grantable(actor, role.held, to_clients=_of_client(role), field="permissions")
    with refusing_twins(ValidationError(NAME_TAKEN)):
        role.save()
    _record(actions.ROLE_MADE, role, None, role_facts(role))
    return role


@transaction.atomic
def change_role(
    actor: Actor, role: Role, *, name: str, permissions: Iterable[str], note: str = ""
) -> Role:
    """Change a role that nobody has yet; one that somebody has is proposed (`role_changes`).

    The actor must hold what it held and what it will hold. Raises NotPermitted, Ungoverned for a
    role that somebody has, ValidationError by field.
    """
    locked = reworded_role(actor, role, name=name, permissions=permissions, note=note)
    if RoleGrant.objects.filter(own_role=locked).exists():
        require_permit(KIND, locked.pk)
    keep_role(locked)
    return locked


def reworded_role(
    actor: Actor, role: Role, *, name: str, permissions: Iterable[str], note: str
) -> Role:
    """Return a role, locked, as the actor may change it, unsaved. Raises as `change_role`;
    ValidationError for a role that the actor has."""
    actor.require("users.manage", None)
    locked = Role.objects.select_for_update().get(pk=role.pk)
    if RoleGrant.objects.filter(own_role=locked, user=actor.user_id or 0).exists():
        raise ValidationError("Somebody else has to change a role that you have yourself.")
    held_before = locked.held
    locked.name, locked.note = name, note
    locked.permissions = sorted(set(permissions))
    checked_role(locked)
    require_grantable(
        actor, held_before | locked.held, to_clients=_of_client(locked), field="permissions"
    )
    return locked


def keep_role(changed: Role, change_request: int | None = None) -> None:
    """Save a changed role and record it; it holds for everybody who has it from their next
    request on."""
    before = role_facts(Role.objects.get(pk=changed.pk))
    after = role_facts(changed)
    if after != before:
        changed.save()
        asked = {} if change_request is None else {"change_request": change_request}
        _record(actions.ROLE_CHANGED, changed, before, {**after, **asked})


@transaction.atomic
def remove_role(actor: Actor, role: Role) -> None:
    """Remove a role that nobody has; else raises ValidationError, naming who has it."""
    actor.require("users.manage", None)
    locked = Role.objects.select_for_update().get(pk=role.pk)
    require_grantable(actor, locked.held, to_clients=_of_client(locked), field="permissions")
    holders = holders_of(locked)
    if holders:
        more = len(holders) - NAMED
        shown = [*holders[:NAMED], f"{more} more"] if more > 0 else holders
        raise ValidationError(
            f"{_listed(shown)} {'has' if len(holders) == 1 else 'have'} this role. "
            "Give them another one first."
        )
    _record(actions.ROLE_REMOVED, locked, role_facts(locked), None)
    locked.delete()


def holders_of(role: Role) -> list[str]:
    """Return the names of everybody who has a role, closed accounts included."""
    return list(
        RoleGrant.objects.filter(own_role=role)
        .order_by("user__name", "user_id")
        .values_list("user__name", flat=True)
    )


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _of_client(role: Role) -> bool:
    return role.kind == Role.Kind.CLIENT


def role_facts(role: Role) -> dict[str, object]:
    """Return what a role says, as plain JSON."""
    return {
        "name": role.name,
        "kind": role.kind,
        "note": role.note,
        "permissions": list(role.permissions),
    }


def checked_role(role: Role) -> None:
    """Raise ValidationError by field unless the role can be as it is; tidies its texts."""
    role.name, role.note = plain_name(role.name), plain_name(role.note, "note")
    if role.name.casefold() in {label.casefold() for label, _ in ROLES.values()}:
        raise ValidationError({"name": "A built-in role has that name."})
    known = CLIENT_PERMISSIONS if _of_client(role) else STAFF_PERMISSIONS
    wrong = sorted(set(role.permissions) - known)
    if wrong:
        raise ValidationError({"permissions": f"Such a role can't have {', '.join(wrong)}."})
    lacking = {IMPLIED[one] for one in role.permissions if one in IMPLIED} - set(role.permissions)
    if lacking:
        names = ", ".join(permission_labels(frozenset(lacking)))
        raise ValidationError({"permissions": f"It needs this as well: {names}."})
    if not role.permissions:
        raise ValidationError({"permissions": "Choose what it lets people do."})
    role.full_clean()


def _record(
    action: Action,
    role: Role,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    audit.record(
        action,
        object_kind="role",
        object_id=role.pk,
        object_label=role.name,
        before=before,
        after=after,
    )
