"""One-off fees of a client: kept on the subscription that has a day of their month.

A fee is added and taken back by an approved change request only, and never once its month has
its statement.
"""

import secrets
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from branding.commercial import actions
from branding.commercial.fees import MAX_A_MONTH, Fee, problems_of
from branding.commercial.months import Month
from branding.models import Statement, Subscription
from governance.actors import Actor
from governance.permits import require_permit
from governance.services import audit
from tenants.accounts.models import Client

KIND: Final = "one_off_fee"


def new_fee(
    actor: Actor, client: Client, month: Month, *, name: str, amount: Decimal, why: str
) -> Fee:
    """Return a fee that could be added, in its month's currency. Raises as `add_fee`."""
    actor.require("prices.manage", client.pk)
    subscription = _subscription(client, month)
    fee = Fee(
        key=f"{prefix_of(client.pk, month)}{secrets.token_hex(4)}",
        month=month,
        name=name.strip(),
        amount=amount,
        currency=subscription.tier.currency,
        why=why.strip(),
        by=actor.label.partition(" <")[0],
    )
    _check(subscription, fee)
    return fee


@transaction.atomic
def add_fee(actor: Actor, client: Client, fee: Fee) -> Fee:
    """Add a fee to its month. Raises NotPermitted, Ungoverned; ValidationError that names the
    field, or when the month has its statement or no tier.
    """
    actor.require("prices.manage", client.pk)
    require_permit(KIND, fee.key)
    Client.objects.select_for_update().get(pk=client.pk)
    if not fee.key.startswith(prefix_of(client.pk, fee.month)):
        raise ValidationError("This fee is of another month or firm.")
    subscription = _subscription(client, fee.month)
    _check(subscription, fee)
    subscription.fees = [*subscription.fees, fee.as_json()]
    subscription.save(update_fields=["fees"])
    audit.record(
        actions.FEE_ADDED,
        object_kind="fee",
        object_id=fee.key,
        object_label=f"{fee.name}, {client}, {fee.month.label}",
        client_id=client.pk,
        after=fee.as_json(),
    )
    return fee


@transaction.atomic
def take_back_fee(actor: Actor, client: Client, key: str) -> Fee:
    """Take a fee back before its statement is issued. Raises as `add_fee`."""
    actor.require("prices.manage", client.pk)
    require_permit(KIND, key)
    Client.objects.select_for_update().get(pk=client.pk)
    fee = find_fee(key)
    subscription = Subscription.objects.filter(client=client, fees__contains=[{"key": key}]).first()
    if fee is None or subscription is None:
        raise ValidationError("It was taken back already.")
    check_open(client, fee.month)
    subscription.fees = [one for one in subscription.fees if one["key"] != key]
    subscription.save(update_fields=["fees"])
    audit.record(
        actions.FEE_TAKEN_BACK,
        object_kind="fee",
        object_id=key,
        object_label=f"{fee.name}, {client}, {fee.month.label}",
        client_id=client.pk,
        before=fee.as_json(),
    )
    return fee


def prefix_of(client_id: int, month: Month) -> str:
    """Return how the keys of a client's fees of a month begin."""
    return f"{client_id}-{month}-"


def client_id_of(key: str) -> int:
    """Return whose fee a key names."""
    return int(key.partition("-")[0])


def find_fee(key: str) -> Fee | None:
    """Return the fee of a key; None where there is none, or no more."""
    rows = Subscription.objects.filter(
        client_id=client_id_of(key), fees__contains=[{"key": key}]
    ).values_list("fees", flat=True)
    kept = next((one for fees in rows for one in fees if one["key"] == key), None)
    return Fee.from_json(kept) if kept else None


def check_open(client: Client, month: Month) -> None:
    """Raise ValidationError once a month has its statement."""
    if Statement.objects.filter(client=client, month=month.first).exists():
        raise ValidationError(f"{month.label} has its statement; nothing of it changes any more.")


def _subscription(client: Client, month: Month) -> Subscription:
    rows = Subscription.objects.filter(client=client, starts_on__lte=month.last)
    found = rows.exclude(ends_on__lt=month.first).select_related("tier").order_by("starts_on")
    subscription = found.first()
    if subscription is None:
        raise ValidationError(f"{client} is on no tier in {month.label}.")
    return subscription


def _check(subscription: Subscription, fee: Fee) -> None:
    check_open(subscription.client, fee.month)
    problems = problems_of(fee)
    if fee.currency != subscription.tier.currency:
        problems["amount"] = f"The tier of that month is in {subscription.tier.currency}."
    if problems:
        raise ValidationError(problems)
    there = subscription.fees_in(fee.month)
    if len(there) >= MAX_A_MONTH:
        raise ValidationError(f"There can be {MAX_A_MONTH} fees a month at most.")
    if any(one.key == fee.key for one in there):
        raise ValidationError("It was added already.")
