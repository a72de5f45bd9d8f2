"""One-off fees under change control: added and taken back by signed requests."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from branding.commercial.fees import Fee
from branding.commercial.months import Month
from branding.services.fees import (
    KIND,
    add_fee,
    check_open,
    client_id_of,
    find_fee,
    new_fee,
    prefix_of,
    take_back_fee,
)
from branding.services.tiers import SEEN_WITH
from governance.actors import SYSTEM, Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services.changes import ProposedChange, propose
from tenants.accounts.models import Client

_OPEN: Final = ("submitted", "approved", "scheduled")


@transaction.atomic
def propose_fee(
    actor: Actor, client: Client, month: Month, *, name: str, amount: Decimal, why: str
) -> ChangeRequest:
    """Ask for a fee. Raises NotPermitted, ValidationError that names the field, governance's
    refusals.
    """
    fee = new_fee(actor, client, month, name=name, amount=amount, why=why)
    return propose(
        actor,
        title=f"{fee.name} for {client.name} in {month.label}",
        reason=fee.why,
        changes=[ProposedChange(KIND, fee.key, _label(client, fee), {"fee": fee.as_json()})],
    )


@transaction.atomic
def propose_taking_back(actor: Actor, client: Client, fee: Fee, *, reason: str) -> ChangeRequest:
    """Ask for a fee to be taken back. Raises as `propose_fee`."""
    actor.require("prices.manage", client.pk)
    check_open(client, fee.month)
    return propose(
        actor,
        title=f"Take back: {fee.name} for {client.name} in {fee.month.label}",
        reason=reason,
        changes=[ProposedChange(KIND, fee.key, _label(client, fee), {"fee": None})],
    )


def waiting_fees(client: Client, month: Month) -> list[Change]:
    """Return the changes of a month's fees that wait for signatures, or to go in."""
    rows = Change.objects.filter(
        kind=KIND,
        target_id__startswith=prefix_of(client.pk, month),
        request__status__in=_OPEN,
    )
    return list(rows.select_related("request").order_by("pk"))


def _label(client: Client, fee: Fee) -> str:
    return f"{fee.name}, {client.name}, {fee.month.label}"


def _wanted(change: Change) -> Fee | None:
    kept = change.content.get("fee")
    return Fee.from_json(kept) if isinstance(kept, dict) else None


def _snapshot(key: str) -> dict[str, Any]:
    fee = find_fee(key)
    return {"fee": fee.as_json() if fee else None}


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    client = Client.objects.get(pk=client_id_of(change.target_id))
    fee = _wanted(change)
    if fee is not None and fee.key != change.target_id:
        raise ApplyFailed("This is not the fee that was signed.")
    try:
        if fee is None:
            take_back_fee(SYSTEM, client, change.target_id)
        else:
            add_fee(SYSTEM, client, fee)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    return {"fee": fee.as_json() if fee else None}


def _diff(change: Change) -> list[DiffLine]:
    was, now = find_fee(change.target_id), _wanted(change)
    lines = [DiffLine("-", text) for text in _told(was)]
    return lines + [DiffLine("+", text) for text in _told(now)]


def _told(fee: Fee | None) -> list[str]:
    if fee is None:
        return []
    return [f"{fee.name}: {fee.amount} {fee.currency}, in {fee.month.label}", f"Why: {fee.why}"]


def _risk(change: Change) -> Risk:
    fee, known = _wanted(change), find_fee(change.target_id)
    if fee is not None:
        note = f"{fee.amount} {fee.currency} more in {fee.month.label}."
    else:
        note = f"{known.amount} {known.currency} less in {known.month.label}." if known else ""
    return Risk(touches_money=True, notes=(note,) if note else ())


FEE_CHANGE: Final = Applier(
    kind=KIND,
    label="One-off fee",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=lambda key: json_hash(_snapshot(key)) if find_fee(key) else "",
    snapshot=_snapshot,
    revert=lambda change: {"fee": (change.before or {}).get("fee")},
    reaches=lambda change: [client_id_of(change.target_id)],
    of_partner=True,
    permission="prices.manage",
    seen_with=SEEN_WITH,
)
