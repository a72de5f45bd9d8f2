"""Who had a hand in whose account, read from the audit trail: nobody can rewrite that.

Inviting somebody, opening their account again and giving them a role count; so does putting
into a role what lets people propose or approve, for everybody who has that role.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from governance.independence import NO_HANDS, Hands
from governance.models import AuditEntry, ChangeRequest
from tenants.accounts import actions
from tenants.accounts.models import ApiToken, RoleGrant, User

_OF_PEOPLE: Final = (
    actions.USER_INVITED.key,
    actions.ROLES_CHANGED.key,
    actions.USER_CHANGED.key,
    actions.ROLE_CHANGED.key,
)
_SIGNING: Final = {"changes.propose", "changes.approve"}


def hands_on_accounts(since: datetime) -> Hands:
    """Return the hands laid on accounts since a moment, in a few statements."""
    entries = [
        entry
        for entry in AuditEntry.objects.filter(
            action__in=_OF_PEOPLE, at__gte=since, actor_kind__in=("person", "token")
        )
        if _gave(entry)
    ]
    if not entries:
        return NO_HANDS
    makers = _makers_of_tokens(entries)
    holders = _holders_of_roles(entries)
    authors = _authors_of_requests(entries)
    pairs: dict[int, set[int]] = defaultdict(set)
    for entry in entries:
        by = makers.get(entry.actor_id) if entry.actor_kind == "token" else entry.actor_id
        # What was proposed and signed is the hand of both.
        asked = authors.get((entry.after or {}).get("change_request", 0))
        touched = holders[entry.object_id] if entry.object_kind == "role" else [entry.object_id]
        for user_id in map(int, touched):
            pairs[user_id] |= {one for one in (by, asked) if one is not None and one != user_id}
    ids = {*pairs, *(one for hands in pairs.values() for one in hands)}
    people = dict(User.objects.filter(pk__in=ids).values_list("pk", "email"))
    names = dict(User.objects.filter(pk__in=ids).values_list("email", "name"))
    keys = {pk: email.casefold() for pk, email in people.items()}
    return Hands(
        on={
            keys[pk]: frozenset(keys[one] for one in hands if one in keys)
            for pk, hands in pairs.items()
            if pk in keys
        },
        names={email.casefold(): name for email, name in names.items()},
    )


def _gave(entry: AuditEntry) -> bool:
    """Whether an entry tells of something given, and not of something taken away."""
    before, after = entry.before or {}, entry.after or {}
    if entry.action == actions.USER_INVITED.key:
        return not after.get("again")
    if entry.action == actions.USER_CHANGED.key:
        return after.get("is_active") is True
    field = "permissions" if entry.action == actions.ROLE_CHANGED.key else "roles"
    given = set(after.get(field, ())) - set(before.get(field, ()))
    return bool(given & _SIGNING) if field == "permissions" else bool(given)


def _authors_of_requests(entries: Iterable[AuditEntry]) -> dict[int, int | None]:
    ids = [(entry.after or {}).get("change_request") for entry in entries]
    rows = ChangeRequest.objects.filter(pk__in=[one for one in ids if one])
    return dict(rows.values_list("pk", "author_id"))


def _makers_of_tokens(entries: Iterable[AuditEntry]) -> dict[int | None, int]:
    ids = [entry.actor_id for entry in entries if entry.actor_kind == "token"]
    return dict(ApiToken.objects.filter(pk__in=ids).values_list("pk", "user_id"))


def _holders_of_roles(entries: Iterable[AuditEntry]) -> dict[str, list[str]]:
    ids = [entry.object_id for entry in entries if entry.object_kind == "role"]
    found: dict[str, list[str]] = defaultdict(list)
    held = RoleGrant.objects.filter(own_role_id__in=ids).values_list("own_role_id", "user_id")
    for role_id, user_id in held:
        found[str(role_id)].append(str(user_id))
    return found
