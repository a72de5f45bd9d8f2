"""Who could sign changes: of the staff, for the policy "solo" and for roles that policies name;
and whether anybody of a client."""

from datetime import datetime
from typing import Final

from governance.models import AuditEntry
from governance.signers import Signers
from tenants.accounts import actions
from tenants.accounts.models import RoleGrant, User
from tenants.accounts.permissions import ROLES
from tenants.accounts.services.roles import known_roles

_SIGN: Final = "changes.approve"


def staff_signers(since: datetime) -> Signers:
    """Return who could sign; accounts that are closed count, or one could be closed to be alone.

    let_go: a role that signs was taken from somebody since then, or such a role was narrowed.
    """
    grants = RoleGrant.objects.filter(user__client=None).exclude(user__kind=User.Kind.OPERATOR)
    keys = {one.user.email.casefold() for one in grants.select_related("user") if _signs(one)}
    taken = AuditEntry.objects.filter(
        action__in=(actions.ROLES_CHANGED.key, actions.ROLE_CHANGED.key), at__gte=since
    )
    return Signers(frozenset(keys), any(_took(entry) for entry in taken))


def _signs(grant: RoleGrant) -> bool:
    return _SIGN in grant.permissions


def _took(entry: AuditEntry) -> bool:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == actions.ROLE_CHANGED.key:
        return _SIGN in before.get("permissions", ()) and _SIGN not in after.get("permissions", ())
    lost = set(before.get("roles", ())) - set(after.get("roles", ()))
    # A role of the partner's own may be gone by now: what it let people do is not known.
    return any(one not in ROLES or _SIGN in ROLES[one][1] for one in lost)


def role_keys(user_id: int) -> frozenset[str]:
    """Return the keys of the roles that a user holds."""
    return frozenset(RoleGrant.objects.filter(user_id=user_id).values_list("role", flat=True))


def signing_roles() -> dict[str, str]:
    """Return the staff's roles that may sign, by key."""
    return {one.key: one.name for one in known_roles(of_client=False) if _SIGN in one.permissions}


def client_signs(client_id: int) -> bool:
    """Say whether anybody of a client may sign."""
    grants = RoleGrant.objects.filter(user__client=client_id, user__is_active=True)
    return any(_signs(one) for one in grants.select_related("user"))
