"""What a gate waits for, said as what to do in which system: made of the gate's own conditions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from branding.services.identity import current_identity
from mappings.canonical.registry import SCHEMAS, fields_of
from mappings.ownership import ANY, NOBODY, system_words
from mappings.services.ownership import owners_of
from syncjobs.definition_words import plain, told
from syncjobs.gates import APPROVE, HOLD
from syncjobs.models import Connection, ExternalRef, Issue
from tenants.accounts.services.roles import role_names

_NAMED: Final = 3
_LISTED: Final = 4
_FREED: Final = {
    HOLD: "If it may go without, it can be released by hand, with a reason.",
    APPROVE: "If it may go without, its release can be asked for, with a reason: others sign it.",
}


def brought(issue: Issue) -> str:
    """Return who has to bring what where; "" where the gate does not say what it wants."""
    wanted: Sequence[Mapping[str, Any]] = issue.detail.get("wanted") or ()
    then = str(issue.detail.get("then", ""))
    if not wanted:
        # A gate that nothing but a signature satisfies.
        return "Ask for its release, with a reason: others sign it." if then == APPROVE else ""
    said = [f"{_asked(one, issue)}." for one in wanted[:_NAMED]]
    missing = issue.detail.get("missing")
    if missing and len(wanted) == 1 and _is_sign(wanted[0]):
        # What is looked at is a sign of the thing: nobody should set the sign alone.
        said = [f"Get the {missing} first.", *said]
    if len(wanted) > _NAMED:
        said.append(f"{len(wanted) - _NAMED} more things are missing, as the title says.")
    told_role = role_names().get(str(issue.detail.get("alert", "")))
    if told_role:
        # Said with the brand: a reader in the portal has a finance department as well.
        named = f"{told_role} at {current_identity().name}"
        said.append(f"Whoever keeps that system can bring it; {named} is told of it.")
    return " ".join([*said, _FREED.get(then, "")]).strip()


def _is_sign(one: Mapping[str, Any]) -> bool:
    """Say whether what is looked at is a field that stands for something else."""
    return bool(one.get("field")) and not one.get("role") and one.get("op") != "present"


def _asked(one: Mapping[str, Any], issue: Issue) -> str:
    type_, key = str(one["type"]), str(one["key"])
    record = f"{_kind(type_)} {key}"
    bindings = issue.workflow.bindings if issue.workflow else {}
    if role := one.get("role"):
        return f"See that {record} gets into {_system(str(role), bindings)}; it is not there yet"
    if not (name := one.get("field")):
        place = _place(type_, key, "", issue)
        return f"See that {record} exists in {place}; no system has shown it yet"
    field = fields_of(type_).get(str(name))
    label = (field.label if field else plain(name)).lower()
    place = _place(type_, key, str(name), issue)
    if one.get("op") == "present":
        return f"Fill in “{label}” of {record} in {place}"
    # Said as what is looked at, not as what to enter: it may stand for a paper or a decision.
    return f"It counts as there once “{label}” of {record} {_met(one)} in {place}"


def _met(one: Mapping[str, Any]) -> str:
    """Return how a field has to be for the condition to hold."""
    values = [told(value) for value in one.get("values", [one.get("value")])]
    match one.get("op"):
        case "absent":
            return "is empty"
        case "in" if len(values) > _LISTED:
            return f"is one of the {len(values)} values that the rule allows"
        case "in":
            return f"is {' or '.join(values)}"
        case "not_equals":
            return f"is something else than {values[0]}"
        case "any":
            return f"has one with {values[0]}"
        case _:
            return f"is {values[0]}"


def _kind(type_: str) -> str:
    known = SCHEMAS.get(type_)
    return (known.label if known else plain(type_)).lower()


def _system(role: str, bindings: Mapping[str, int]) -> str:
    if role not in bindings:
        return f"the {system_words(role)}"
    return Connection.objects.values_list("name", flat=True).get(pk=bindings[role])


def _place(type_: str, key: str, field: str, issue: Issue) -> str:
    """Return the system whose word on this field, or record, counts.

    The one that owns it; where it is not of this workflow, those in which the record is.
    """
    bindings = issue.workflow.bindings if issue.workflow else {}
    owner = owners_of(type_, issue.client_id).of(field)
    if owner in bindings:
        return _system(owner, bindings)
    refs = ExternalRef.objects.filter(
        record__client_id=issue.client_id, record__type=type_, record__key=key
    )
    names = sorted(set(refs.values_list("connection__name", flat=True)))
    if names:
        return " or ".join(names)
    return "one of the systems" if owner in (ANY, NOBODY) else f"the {system_words(owner)}"
