"""Who had which role when, what changed in access, and failed sign-ins: from the audit trail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils import timezone

from governance.actions import action_label
from governance.clients import client_names
from governance.evidence import Period, Section, utc
from governance.models import AuditEntry
from tenants.accounts import actions
from tenants.accounts.models import RoleGrant, User
from tenants.accounts.permissions import ROLES

_OF_ROLES: Final = (
    actions.USER_INVITED.key,
    actions.ROLES_CHANGED.key,
    actions.USER_CHANGED.key,
)
_OF_ACCESS: Final = (
    *_OF_ROLES,
    actions.ROLE_MADE.key,
    actions.ROLE_CHANGED.key,
    actions.ROLE_REMOVED.key,
    actions.FACTORS_RESET.key,
    actions.SIGN_IN_RULES_CHANGED.key,
    actions.PROVIDER_CHANGED.key,
    actions.TOKEN_MADE.key,
    actions.TOKEN_REVOKED.key,
    actions.SUPPORT_GRANTED.key,
    actions.SUPPORT_REVOKED.key,
    actions.SUPPORT_ENTERED.key,
    actions.SUPPORT_LEFT.key,
    actions.SUPPORT_ENDED.key,
)
_FAILED: Final = (actions.SIGN_IN_FAILED.key, actions.FACTOR_REFUSED.key)


@dataclass(frozen=True, slots=True)
class Held:
    """A role in somebody's hands: from when, given by whom, until when (None: still)."""

    user_id: str
    label: str
    client_id: int | None
    role: str
    since: datetime
    given_by: str
    until: datetime | None = None
    taken_by: str = ""


@dataclass(slots=True)
class _Account:
    """One person's roles while the trail is read; a closed account has none in force."""

    label: str
    client_id: int | None
    active: bool = True
    roles: dict[str, None] = field(default_factory=dict)
    open: dict[str, tuple[datetime, str]] = field(default_factory=dict)


def roles_over(entries: Iterable[AuditEntry]) -> list[Held]:
    """Return every stretch in which somebody held a role; entries oldest first, from the first."""
    accounts: dict[str, _Account] = {}
    held: list[Held] = []
    for entry in entries:
        account = accounts.setdefault(
            entry.object_id, _Account(entry.object_label, entry.client_id)
        )
        after = entry.after or {}
        if isinstance(roles := after.get("roles"), list):
            account.roles = dict.fromkeys(map(str, roles))
        if isinstance(active := after.get("is_active"), bool):
            account.active = active
        held += _settled(entry, account)
    for user_id, account in accounts.items():
        held += [
            Held(user_id, account.label, account.client_id, role, since, by)
            for role, (since, by) in account.open.items()
        ]
    return sorted(held, key=lambda one: (one.label, one.since, one.role))


def _settled(entry: AuditEntry, account: _Account) -> list[Held]:
    """Open and close stretches so that they say what the account holds now."""
    now = account.roles if account.active else {}
    ended = [
        Held(
            entry.object_id,
            account.label,
            account.client_id,
            role,
            *account.open.pop(role),
            until=entry.at,
            taken_by=entry.actor_label,
        )
        for role in list(account.open)
        if role not in now
    ]
    for role in now:
        account.open.setdefault(role, (entry.at, entry.actor_label))
    return ended


def access_review(period: Period) -> Section:
    """Return who held which role at any time of the period."""
    entries = AuditEntry.objects.filter(
        object_kind="user", action__in=_OF_ROLES, at__lt=period.until
    )
    held = roles_over(entries.order_by("at", "id"))
    shown = [one for one in held if one.until is None or one.until > period.since]
    addresses = dict(User.objects.values_list("pk", "email"))
    names = client_names(one.client_id for one in shown)
    rows = [
        (
            one.label,
            addresses.get(int(one.user_id), "") if one.user_id.isdecimal() else "",
            names.get(one.client_id or 0, ""),
            _role(one.role),
            utc(one.since),
            one.given_by,
            utc(one.until) or "Held at the end",
            one.taken_by,
        )
        for one in shown
    ]
    return Section(
        "Access: who had which role when",
        ("Person", "Address", "Client", "Role", "From", "Given by", "Until", "Ended by"),
        rows,
        " ".join(["From the audit trail, since the first account.", *_compared(period, held)]),
    )


def _role(key: str) -> str:
    return ROLES[key][0] if key in ROLES else key


def _compared(period: Period, held: Sequence[Held]) -> list[str]:
    """Hold the trail against what is granted now, where the period reaches until now."""
    if period.until <= timezone.now():
        return []
    told = {(one.user_id, one.role) for one in held if one.until is None}
    granted = {
        (str(grant.user_id), grant.label if grant.own_role else grant.role)
        for grant in RoleGrant.objects.filter(user__is_active=True).select_related("own_role")
    }
    if told == granted:
        return ["It agrees with the roles that are granted now."]
    people = dict(User.objects.values_list("pk", "name"))
    differing = sorted(f"{people.get(int(pk), pk)} ({_role(role)})" for pk, role in told ^ granted)
    return [f"It DISAGREES with the roles that are granted now about {', '.join(differing)}."]


def access_events(period: Period) -> Section:
    """Return what changed in accounts, roles, tokens and support access."""
    return Section(
        "Access: what changed",
        ("When", "Who", "What", "On", "Before", "After"),
        [
            (
                utc(entry.at),
                entry.actor_label,
                action_label(entry.action),
                entry.object_label or entry.object_id,
                _facts(entry.before),
                _facts(entry.after),
            )
            for entry in _inside(period, _OF_ACCESS)
        ],
        "Accounts, roles, API tokens and support access.",
    )


def failed_sign_ins(period: Period) -> Section:
    """Return every refused sign-in and second step."""
    return Section(
        "Failed sign-ins",
        ("When", "Account", "From", "Door", "What", "Why"),
        [
            (
                utc(entry.at),
                entry.object_label or entry.actor_label,
                entry.address,
                entry.door,
                action_label(entry.action),
                entry.reason,
            )
            for entry in _inside(period, _FAILED)
        ],
        "Wrong passwords, refused second steps and locked addresses.",
    )


def _inside(period: Period, kinds: Sequence[str]) -> Iterable[AuditEntry]:
    return AuditEntry.objects.filter(
        action__in=kinds, at__gte=period.since, at__lt=period.until
    ).order_by("at", "id")


def _facts(values: Mapping[str, object] | None) -> str:
    shown = {
        name: ", ".join(_role(str(one)) if name == "roles" else str(one) for one in value)
        if isinstance(value, list)
        else str(value)
        for name, value in (values or {}).items()
    }
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in shown.items())
