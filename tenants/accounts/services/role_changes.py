"""Roles that somebody has, under change control: what they let people do changes for all of
them at once, so somebody else signs it."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk, reaches_nobody
from governance.errors import ApplyFailed
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services.changes import ProposedChange, propose
from tenants.accounts.models import Role
from tenants.accounts.permissions import permission_labels
from tenants.accounts.services.roles import (
    KIND,
    change_role,
    checked_role,
    holders_of,
    keep_role,
    reworded_role,
    role_facts,
)


@transaction.atomic
def change_or_propose(
    actor: Actor, role: Role, *, name: str, permissions: Iterable[str], note: str = ""
) -> Role | ChangeRequest:
    """Change a role that nobody has, or ask for one that somebody has to change.

    Raises NotPermitted, ValidationError by field, governance's refusals.
    """
    if not holders_of(role):
        return change_role(actor, role, name=name, permissions=permissions, note=note)
    wanted = reworded_role(actor, role, name=name, permissions=permissions, note=note)
    facts = role_facts(wanted)
    if facts == _facts_now(str(role.pk)):
        return role
    change = ProposedChange(KIND, str(role.pk), role.name, facts)
    count = len(holders_of(role))
    people = "1 person has it." if count == 1 else f"{count} people have it."
    return propose(actor, title=f"Change the role {role.name}", reason=people, changes=[change])


def _facts_now(target_id: str) -> dict[str, object]:
    return role_facts(Role.objects.get(pk=int(target_id)))


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    role = Role.objects.select_for_update().get(pk=int(change.target_id))
    wanted = _held(change.content)
    role.name, role.note = str(change.content["name"]), str(change.content["note"])
    role.permissions = sorted(wanted)
    try:
        checked_role(role)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    keep_role(role, change.request_id)
    return role_facts(role)


def _held(facts: Mapping[str, object]) -> frozenset[str]:
    permissions = facts.get("permissions")
    return frozenset(map(str, permissions)) if isinstance(permissions, list) else frozenset()


def _diff(change: Change) -> list[DiffLine]:
    before, after = _facts_now(change.target_id), change.content
    lines = []
    for key in ("name", "note"):
        if before[key] != after[key]:
            lines += [DiffLine("-", f"{key}: {before[key]}"), DiffLine("+", f"{key}: {after[key]}")]
    was, now = _held(before), _held(after)
    lines += [DiffLine("-", one) for one in permission_labels(was - now)]
    lines += [DiffLine("+", one) for one in permission_labels(now - was)]
    return lines + [DiffLine(" ", one) for one in permission_labels(was & now)]


def _risk(change: Change) -> Risk:
    given = _held(change.content) - _held(_facts_now(change.target_id))
    holders = holders_of(Role.objects.get(pk=int(change.target_id)))
    notes = [f"{len(holders)} people have this role: it holds for them from their next page on."]
    return Risk(notes=tuple(notes), weakens=bool(given))


def _before(change: Change) -> Mapping[str, object] | None:
    facts = {key: (change.before or {}).get(key) for key in ("name", "kind", "note", "permissions")}
    return facts if facts["name"] else None


ROLE_CHANGE: Final = Applier(
    kind=KIND,
    label="Role",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=lambda target_id: json_hash(_facts_now(target_id)),
    snapshot=_facts_now,
    revert=_before,
    reaches=reaches_nobody,
    permission="users.manage",
)
