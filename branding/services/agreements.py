"""What is agreed with one client, on its subscription: changed by approved requests only.

Months that have their statement stay as they were, whatever is agreed later.
"""

import secrets
from dataclasses import replace
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from branding import pricing
from branding.commercial import actions
from branding.commercial.agreements import MAX_AGREEMENTS, MAX_WHY, Agreement, Own
from branding.commercial.months import Month
from branding.models import Statement, Subscription
from branding.services.tiers import version_in
from governance.actors import Actor
from governance.permits import require_permit
from governance.services import audit
from tenants.accounts.models import Client

KIND: Final = "agreed_terms"


def new_agreement(
    actor: Actor, subscription: Subscription, *, starts: Month, ends: Month | None, terms: Own,
    why: str,
) -> Agreement:  # fmt: skip
    """Return terms that could be agreed. Raises as `put_agreement`."""
    actor.require("prices.manage", subscription.client_id)
    by = actor.label.partition(" <")[0]
    wanted = Agreement(secrets.token_hex(4), starts, ends, terms, why.strip(), by)
    check_agreement(subscription, wanted)
    return wanted


def shortened(subscription: Subscription, key: str, ends: Month | None) -> Agreement | None:
    """Return an agreement that ends after a month; None where that is before its first.

    Raises ValidationError for one that is not there, or when it held in a month that has its
    statement.
    """
    known = find_agreement(subscription, key)
    if known is None:
        raise ValidationError("It was taken back already.")
    wanted = replace(known, ends=ends) if ends and ends >= known.starts else None
    check_change(subscription, known, wanted)
    return wanted


@transaction.atomic
def put_agreement(
    actor: Actor, subscription: Subscription, key: str, wanted: Agreement | None
) -> None:
    """Add an agreement, replace it, or take it back (None).

    Raises NotPermitted, Ungoverned; ValidationError that names the field, or when a month that it
    would change has its statement, or two agreements would hold in one month.
    """
    actor.require("prices.manage", subscription.client_id)
    require_permit(KIND, target_of(subscription.pk, key))
    Client.objects.select_for_update().get(pk=subscription.client_id)
    subscription.refresh_from_db()
    known = find_agreement(subscription, key)
    check_change(subscription, known, wanted)
    kept = [one for one in subscription.agreements() if one.key != key]
    if wanted is not None:
        kept.append(replace(wanted, key=key))
    subscription.agreed = [one.as_json() for one in kept]
    subscription.save(update_fields=["agreed"])
    audit.record(
        actions.AGREED,
        object_kind="subscription",
        object_id=subscription.pk,
        object_label=f"{subscription.client}",
        client_id=subscription.client_id,
        before=known.as_json() if known else None,
        after=wanted.as_json() if wanted else None,
    )


def target_of(subscription_id: int, key: str) -> str:
    """Return how change control names an agreement."""
    return f"{subscription_id}-{key}"


def find_agreement(subscription: Subscription, key: str) -> Agreement | None:
    """Return the agreement of a key; None where there is none, or no more."""
    return next((one for one in subscription.agreements() if one.key == key), None)


def check_change(
    subscription: Subscription, known: Agreement | None, wanted: Agreement | None
) -> None:
    """Raise ValidationError unless one agreement can become the other."""
    if wanted is not None:
        check_agreement(subscription, wanted)
    for statement in Statement.objects.filter(client_id=subscription.client_id):
        month = statement.period
        was = known.terms if known and known.covers(month) else None
        now = wanted.terms if wanted and wanted.covers(month) else None
        if was != now:
            raise ValidationError({"starts": f"{month.label} has its statement."})


def check_agreement(subscription: Subscription, wanted: Agreement) -> None:
    """Raise ValidationError, at its field, for terms that cannot be agreed."""
    if wanted.terms.is_nothing:
        raise ValidationError("Say what differs from the tier.")
    if not wanted.why or len(wanted.why) > MAX_WHY:
        raise ValidationError({"why": f"Say why in {MAX_WHY} characters at most."})
    if wanted.ends is not None and wanted.ends < wanted.starts:
        raise ValidationError({"ends": f"It starts in {wanted.starts.label}."})
    _check_months(subscription, wanted)
    others = [one for one in subscription.agreements() if one.key != wanted.key]
    if len(others) >= MAX_AGREEMENTS:
        raise ValidationError(f"There can be {MAX_AGREEMENTS} agreements at most.")
    if met := next((one for one in others if one.meets(wanted)), None):
        raise ValidationError({"starts": f"Something is agreed already: {met.period}."})
    _check_prices(subscription, wanted)


def _check_months(subscription: Subscription, wanted: Agreement) -> None:
    if wanted.starts.last < subscription.starts_on:
        raise ValidationError({"starts": f"The subscription starts on {subscription.starts_on}."})
    if subscription.ends_on and wanted.starts.first > subscription.ends_on:
        raise ValidationError({"starts": f"The subscription ends on {subscription.ends_on}."})
    last = Statement.objects.filter(client_id=subscription.client_id, month=wanted.starts.first)
    known = find_agreement(subscription, wanted.key)
    if known is None and last.exists():
        raise ValidationError({"starts": f"{wanted.starts.label} has its statement."})


def _check_prices(subscription: Subscription, wanted: Agreement) -> None:
    version = version_in(subscription.tier, wanted.starts)
    if version is None:
        raise ValidationError({"starts": f"{subscription.tier} has no prices for that month."})
    try:
        pricing.check(wanted.over(version.prices()))
    except pricing.PriceError as error:
        raise ValidationError(list(error.problems)) from error
