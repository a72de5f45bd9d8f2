"""A partner's price list, which client is on what, and what was counted."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models

from branding.commercial.agreements import Agreement
from branding.commercial.billing import Span
from branding.commercial.fees import Fee
from branding.commercial.margins import Costs
from branding.commercial.meters import METERS
from branding.commercial.months import Month
from branding.pricing import Band, PriceList, round_money
from tenants.accounts.models import Client


class Tier(models.Model):
    """A level of service under the partner's own name for it.

    The currency is fixed: another currency is another tier. Only
    `branding.services.tiers` changes a row.
    """

    name = models.CharField(max_length=60, unique=True)
    description = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    co_branding = models.BooleanField("clients may show their own logo", default=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class TierVersion(models.Model):
    """What a tier asks for and holds, from the first of a month until its next version.

    bands: [{"up_to": 1000 or null, "price": "0.12"}] in order; see `branding.pricing`.
    None in the limits of workflows and connections: any number. sla_credit: per cent of the base
    fee for each exception that is not solved in time, at most sla_credit_cap per cent a month.
    costs: `branding.commercial.margins.Costs` as JSON; no client is ever told.
    escalation: [{"percent": 100, "role": "owner"}] in order; see `branding.commercial.escalation`.
    """

    tier = models.ForeignKey(
        Tier, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    starts_on = models.DateField()
    base_fee = models.DecimalField(max_digits=16, decimal_places=3)
    included = models.BigIntegerField()
    bands = models.JSONField(default=list)
    workflows_included = models.PositiveIntegerField(null=True, blank=True)
    connections_included = models.PositiveIntegerField(null=True, blank=True)
    sla_hours = models.PositiveIntegerField()
    escalation = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    sla_credit = models.DecimalField(max_digits=5, decimal_places=2, default=0, db_default=0)
    sla_credit_cap = models.DecimalField(max_digits=5, decimal_places=2, default=0, db_default=0)
    costs = models.JSONField(default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["tier", "-starts_on"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tier", "starts_on"], name="tier_version_once"),
            models.CheckConstraint(
                condition=models.Q(starts_on__day=1), name="tier_version_first_of_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} from {self.starts_on}"

    @property
    def own_costs(self) -> Costs:
        """What it costs the partner."""
        return Costs.from_json(self.costs)

    def prices(self) -> PriceList:
        """Return the money side, for `branding.pricing`."""
        return PriceList(
            currency=self.tier.currency,
            base_fee=round_money(self.base_fee, self.tier.currency),
            included=self.included,
            bands=tuple(Band(band["up_to"], Decimal(band["price"])) for band in self.bands),
            credit=Decimal(self.sla_credit),
            credit_cap=Decimal(self.sla_credit_cap),
        )


class Subscription(models.Model):
    """A client is on a tier, from one day to another, both included.

    A client's subscriptions never overlap: `branding.services.subscriptions` holds that
    under a lock on the client. fees: `branding.commercial.fees.Fee` as JSON, each of a month
    that has one of these days at least. agreed: `…agreements.Agreement` as JSON, never two for
    one month. shortened: which one it ended sooner when it was planned, and when that would have
    ended; empty for none, None for those planned before this was kept.
    """

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="subscriptions", db_index=False
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="subscriptions")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    fees = models.JSONField(default=list, db_default=[], blank=True)
    agreed = models.JSONField(default=list, db_default=[], blank=True)
    shortened = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["client", "-starts_on"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["client", "starts_on"], name="subscription_once"),
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="subscription_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client} on {self.tier} from {self.starts_on}"

    def fees_in(self, month: Month) -> list[Fee]:
        """Return the one-off fees of a month, in the order in which they were added."""
        return [Fee.from_json(one) for one in self.fees if one["month"] == str(month)]

    def agreements(self) -> list[Agreement]:
        """Return what is agreed with the client, in order of time."""
        return sorted((Agreement.from_json(one) for one in self.agreed), key=lambda one: one.starts)

    def agreed_in(self, month: Month) -> Agreement | None:
        """Return what is agreed for a month; None where the tier's own prices hold."""
        return next((one for one in self.agreements() if one.covers(month)), None)

    def span(self, month: Month) -> Span:
        """Return the days and a month's own terms, for `branding.commercial.billing`."""
        return Span(self.tier_id, self.starts_on, self.ends_on, self.agreed_in(month))


class UsageDay(models.Model):
    """What one workflow of a client did in one day of the client's own time zone.

    The workflow is an id and a name, not a foreign key: usage outlives the workflow. The
    unique index serves one client's month and the upsert alike.
    """

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="usage_days", db_index=False
    )
    day = models.DateField()
    workflow_id = models.BigIntegerField()
    workflow_label = models.CharField(max_length=120)
    meter = models.CharField(max_length=24, choices=METERS)
    quantity = models.BigIntegerField()

    class Meta:
        ordering: ClassVar[list[str]] = ["client", "day", "workflow_id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client", "day", "workflow_id", "meter"], name="usage_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_label} on {self.day}: {self.quantity}"
