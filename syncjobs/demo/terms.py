"""What finance agreed with clients: a one-off fee with one, a discount with another; and what the
tiers cost the partner. Idempotent.
"""

from decimal import Decimal
from typing import Final

from django.utils import timezone

from branding.commercial.agreements import Own
from branding.commercial.margins import Costs
from branding.commercial.months import Month
from branding.models import Subscription, TierVersion
from branding.services.agreement_changes import propose_agreement
from branding.services.fee_changes import propose_fee, waiting_fees
from branding.services.tiers import set_costs
from governance.models import ChangeRequest
from governance.services.signing import approve
from syncjobs.demo.cast import DemoPartner
from syncjobs.demo.life import person
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client

_COSTS: Final = Costs(Decimal("85.00"), Decimal("0.02"), Decimal("1.5"), Decimal("62.00"))


def ensure_terms(partner: DemoPartner, clients: list[Client]) -> None:
    """The first client paid for its implementation, the second has a discount for half a year."""
    finance = actor_for(person(partner, "finance"))
    for version in TierVersion.objects.filter(costs={}):
        set_costs(finance, version, _COSTS)
    subscriptions = [Subscription.objects.filter(client=one).first() for one in clients[:2]]
    month = Month.of(timezone.localdate())
    first = subscriptions[0] if subscriptions else None
    if first is not None and not first.fees and not waiting_fees(first.client, month):
        _sign(
            partner,
            propose_fee(
                finance,
                first.client,
                month,
                name="Implementation",
                amount=Decimal("2400.00"),
                why="Three systems connected, as offered in Q-2207.",
            ),
        )
    second = subscriptions[1] if len(subscriptions) > 1 else None
    if second is not None and not second.agreed:
        _sign(
            partner,
            propose_agreement(
                finance,
                second,
                starts=month,
                ends=month.plus(5),
                terms=Own(discount=Decimal(10)),
                why="Welcome price for the first six months.",
            ),
        )


def _sign(partner: DemoPartner, request: ChangeRequest) -> None:
    approver = actor_for(person(partner, "approver"))
    approve(approver, request.pk, content_hash=request.content_hash, comment="As offered.")
