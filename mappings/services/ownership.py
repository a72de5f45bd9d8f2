"""A partner's rules on who owns what: read by the engine, changed through change control."""

from collections.abc import Mapping as Record
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Q

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.permits import require_permit
from governance.services import audit, changes
from mappings import actions
from mappings.canonical.custom import CustomFields
from mappings.canonical.registry import SCHEMAS, fields_of
from mappings.models import OwnershipRule
from mappings.ownership import ANY, NOBODY, Owners
from mappings.services.custom_fields import custom_fields
from tenants.accounts.models import Client
from tenants.rows import read

KIND: Final = "ownership"
# Kinds of systems that the canonical model knows as owners, and the two special ones.
KINDS: Final = tuple(
    sorted(
        {one.owner_kind for one in SCHEMAS.values()}
        | {field.owner_kind for one in SCHEMAS.values() for field in one.fields} - {""}
    )
)
_RULES: Final = """
    object = %(object)s AND (client_id IS NULL OR client_id = %(client)s)
    ORDER BY client_id NULLS FIRST
"""
CHOICES: Final = (*KINDS, ANY, NOBODY)


def owners_of(
    object_type: str, client_id: int | None, custom: CustomFields | None = None
) -> Owners:
    """Return who owns an object's fields for a client: its own rules before the partner's.

    `custom`: the partner's own fields, where the caller has them at hand.
    """
    rows = read(OwnershipRule, _RULES, {"object": object_type, "client": client_id})
    rules = {row.field: row.owner for row in rows}
    return Owners(object_type, rules, custom_fields(object_type) if custom is None else custom)


def rules_for(object_type: str, client_id: int | None) -> dict[str, str]:
    """Return the rules that were made at this level alone: field → owner, "" for the object."""
    mine = Q(client=None) if client_id is None else Q(client_id=client_id)
    rows = OwnershipRule.objects.filter(mine, object=object_type)
    return {row.field: row.owner for row in rows}


def target_of(object_type: str, client_id: int | None) -> str:
    """Return what change control calls the rules of an object at one level."""
    return f"{object_type}/{client_id or ''}"


def read_target(target_id: str) -> tuple[str, int | None]:
    """Return (object, client) of a target id."""
    object_type, _, client = target_id.partition("/")
    return object_type, int(client) if client else None


def checked_rules(object_type: str, rules: Record[str, object]) -> dict[str, str]:
    """Return rules, sorted, the empty ones left out. Raises ValidationError."""
    if object_type not in SCHEMAS:
        raise ValidationError("There is no such object.")
    names = {"", *fields_of(object_type, custom_fields(object_type))}
    made = {name: str(owner) for name, owner in rules.items() if owner}
    wrong = [f"There is no field {name[:40]!r}." for name in made if name not in names]
    wrong += [
        f"{name or 'The object'}: the owner is one of {', '.join(CHOICES)}."
        for name, owner in made.items()
        if owner not in CHOICES
    ]
    if wrong:
        raise ValidationError(wrong[:20])
    return dict(sorted(made.items()))


def propose_owners(
    actor: Actor,
    object_type: str,
    client_id: int | None,
    rules: Record[str, object],
    *,
    title: str,
    reason: str,
) -> ChangeRequest:
    """Ask for an object's rules at one level to become these; a field left out has none.

    Raises NotPermitted, ValidationError, governance's refusals.
    """
    actor.require("mappings.edit", client_id)
    actor.require("changes.propose", client_id)
    wanted = checked_rules(object_type, rules)
    if wanted == rules_for(object_type, client_id):
        raise ValidationError("These are the rules already: nothing would change.")
    return changes.propose(
        actor,
        title=title,
        reason=reason,
        changes=[
            changes.ProposedChange(
                kind=KIND,
                target_id=target_of(object_type, client_id),
                target_label=_label(object_type, client_id),
                content={"rules": wanted},
                client_id=client_id,
            )
        ],
    )


def _label(object_type: str, client_id: int | None) -> str:
    whose = f", {Client.objects.get(pk=client_id)}" if client_id is not None else ""
    return f"Owners of {SCHEMAS[object_type].label.lower()}{whose}"[:120]


def set_owners(object_type: str, client_id: int | None, rules: Record[str, object]) -> None:
    """Make an object's rules at one level these, inside change control's transaction.

    Raises Ungoverned outside it.
    """
    require_permit(KIND, target_of(object_type, client_id))
    before, wanted = rules_for(object_type, client_id), checked_rules(object_type, rules)
    mine = Q(client=None) if client_id is None else Q(client_id=client_id)
    OwnershipRule.objects.filter(mine, object=object_type).exclude(field__in=wanted).delete()
    for name, owner in wanted.items():
        OwnershipRule.objects.update_or_create(
            object=object_type, field=name, client_id=client_id, defaults={"owner": owner}
        )
    audit.record(
        actions.OWNERS_CHANGED,
        object_kind="ownership",
        object_id=target_of(object_type, client_id),
        object_label=SCHEMAS[object_type].label,
        client_id=client_id,
        before={"rules": before},
        after={"rules": wanted},
    )
