"""Putting clients on tiers. A client's subscriptions never overlap, and never reach back
into a month that has its statement.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from branding.commercial import actions
from branding.commercial.months import Month
from branding.models import Statement, Subscription, Tier
from branding.services.usage import day_of
from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from tenants.accounts.models import Client


@transaction.atomic
def subscribe(actor: Actor, client: Client, tier: Tier, *, starts_on: date) -> Subscription:
    """Put a client on a tier from a day on; the subscription before it ends the day before.

    Raises NotPermitted, or ValidationError that says what stands in the way.
    """
    actor.require("prices.manage", client.pk)
    _lock(client)
    _check_tier(tier, starts_on)
    _check_not_issued(client, starts_on)
    others = Subscription.objects.filter(client=client).select_related("tier")
    later = others.filter(starts_on__gte=starts_on).order_by("starts_on").first()
    if later:
        raise ValidationError(
            {"starts_on": f"{later.tier} starts on {later.starts_on} already; cancel that first."}
        )
    _check_currency(others, tier, starts_on)
    current = others.exclude(ends_on__lt=starts_on).first()
    shortened: dict[str, object] = {}
    fees: list[Any] = []
    if current:
        if current.tier_id == tier.pk:
            raise ValidationError({"tier": f"{client} is on {tier} already."})
        shortened = {"subscription": current.pk, "ends_on": _iso(current.ends_on)}
        current.ends_on = starts_on - timedelta(days=1)
        fees = _fees_after(current, current.ends_on)
        if fees and current.tier.currency != tier.currency:
            raise ValidationError({"tier": _fees_stand(fees)})
        current.fees = [one for one in current.fees if one not in fees]
        current.save(update_fields=["ends_on", "fees"])
    subscription = Subscription.objects.create(
        client=client, tier=tier, starts_on=starts_on, fees=fees, shortened=shortened
    )
    _record(
        actions.SUBSCRIBED,
        subscription,
        before={"tier": current.tier.name} if current else None,
        after={"tier": tier.name, "starts_on": starts_on.isoformat()},
    )
    return subscription


@transaction.atomic
def end_subscription(actor: Actor, subscription: Subscription, *, ends_on: date) -> Subscription:
    """Let a subscription end after a day. Raises as `subscribe`."""
    actor.require("prices.manage", subscription.client_id)
    _lock(subscription.client)
    subscription.refresh_from_db()
    if ends_on < subscription.starts_on:
        raise ValidationError({"ends_on": f"It starts on {subscription.starts_on}."})
    follower = Subscription.objects.filter(
        client=subscription.client, starts_on__gt=subscription.starts_on
    ).last()
    if follower and ends_on >= follower.starts_on:
        raise ValidationError({"ends_on": f"{follower.tier} starts on {follower.starts_on}."})
    if ends_on < date.max:
        _check_not_issued(subscription.client, ends_on + timedelta(days=1), field="ends_on")
    if fees := _fees_after(subscription, ends_on):
        raise ValidationError({"ends_on": _fees_stand(fees)})
    before = subscription.ends_on
    subscription.ends_on = ends_on
    subscription.save(update_fields=["ends_on"])
    _record(
        actions.SUBSCRIPTION_ENDED,
        subscription,
        before={"ends_on": before.isoformat() if before else None},
        after={"ends_on": ends_on.isoformat()},
    )
    return subscription


@transaction.atomic
def cancel_subscription(actor: Actor, subscription: Subscription) -> None:
    """Remove a subscription that has not begun for its client; the one that it had shortened goes
    on as it would have without it.

    Raises NotPermitted, or ValidationError when it has begun.
    """
    actor.require("prices.manage", subscription.client_id)
    _lock(subscription.client)
    subscription.refresh_from_db()
    if subscription.starts_on <= day_of(timezone.now(), subscription.client.time_zone):
        raise ValidationError("It has begun; end it instead.")
    if subscription.fees:
        raise ValidationError(_fees_stand(subscription.fees))
    _record(
        actions.SUBSCRIPTION_CANCELLED,
        subscription,
        before={
            "tier": subscription.tier.name,
            "starts_on": subscription.starts_on.isoformat(),
        },
        after=_lengthen_again(subscription),
    )
    subscription.delete()


def _lengthen_again(cancelled: Subscription) -> dict[str, object]:
    """Let the one that was shortened for it end when it would have; return which and when."""
    rows = Subscription.objects.filter(
        client=cancelled.client, ends_on=cancelled.starts_on - timedelta(days=1)
    )
    if cancelled.shortened is not None:
        rows = rows.filter(pk=cancelled.shortened.get("subscription"))
    before = rows.select_related("tier").first()
    if before is None:
        return {}
    ends_on = (cancelled.shortened or {}).get("ends_on")
    before.ends_on = date.fromisoformat(ends_on) if ends_on else None
    before.save(update_fields=["ends_on"])
    return {"goes_on": before.tier.name, "ends_on": ends_on}


def current_subscription(client: Client, day: date) -> Subscription | None:
    """Return what a client is on, on a day."""
    return (
        Subscription.objects.filter(client=client, starts_on__lte=day)
        .exclude(ends_on__lt=day)
        .select_related("tier")
        .first()
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _fees_after(subscription: Subscription, day: date) -> list[Any]:
    """Return the one-off fees of months that begin after a day."""
    return [one for one in subscription.fees if Month.parse(one["month"]).first > day]


def _fees_stand(fees: Sequence[Any]) -> str:
    month = Month.parse(fees[0]["month"]).label
    return f"The one-off fee “{fees[0]['name']}” of {month} stands in the way; take it back first."


def _lock(client: Client) -> None:
    Client.objects.select_for_update().get(pk=client.pk)


def _check_tier(tier: Tier, starts_on: date) -> None:
    if tier.retired_at is not None:
        raise ValidationError({"tier": f"{tier} is no longer offered."})
    if not tier.versions.filter(starts_on__lte=Month.of(starts_on).first).exists():
        raise ValidationError({"starts_on": f"{tier} has no prices yet for that month."})


def _check_currency(others: QuerySet[Subscription], tier: Tier, starts_on: date) -> None:
    """Refuse a second currency in the month, also after one that has ended in it."""
    same_month = others.exclude(ends_on__lt=Month.of(starts_on).first)
    if starts_on.day != 1 and same_month.exclude(tier__currency=tier.currency).exists():
        raise ValidationError(
            {"starts_on": "A change of currency starts on the first of a month: one statement "
             "has one currency."}
        )  # fmt: skip


def _check_not_issued(client: Client, day: date, *, field: str = "starts_on") -> None:
    """Refuse a change from `day` on that a statement already covers."""
    last = Statement.objects.filter(client=client).order_by("-month").first()
    if last and day <= last.period.last:
        raise ValidationError(
            {field: f"{last.period.label} has its statement; choose a later day."}
        )


def _record(
    action: Action,
    subscription: Subscription,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action,
        object_kind="subscription",
        object_id=subscription.pk,
        object_label=f"{subscription.client}",
        client_id=subscription.client_id,
        before=before,
        after=after,
    )
