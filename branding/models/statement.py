"""Statements as they were issued. A draft is no row: it is computed from the usage."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models

from branding.commercial.months import Month
from branding.pricing import Told, round_money
from governance.append_only import AppendOnlyManager, AppendOnlyModel
from tenants.accounts.models import Client


class Statement(AppendOnlyModel):
    """A client's month, numbered without gaps and never changed afterwards."""

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="statements", db_index=False
    )
    number = models.PositiveIntegerField(unique=True)
    month = models.DateField(help_text="The first day of the month.")
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=24, decimal_places=3)
    used = models.BigIntegerField()
    included = models.BigIntegerField()
    outside = models.BigIntegerField()
    issued_at = models.DateTimeField(auto_now_add=True)
    issued_by = models.CharField(max_length=200)

    objects = AppendOnlyManager()

    class Meta:
        verbose_name = "statement"
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["client", "month"], name="statement_once_a_month")
        ]

    def __str__(self) -> str:
        return f"Statement {self.number}"

    @property
    def rounded_total(self) -> Decimal:
        """The total in the currency's own digits."""
        return round_money(self.total, self.currency)

    @property
    def period(self) -> Month:
        """The month that it is for."""
        return Month.of(self.month)


class StatementLine(AppendOnlyModel):
    """One line, in the shape of `branding.pricing.Line`, with the tier's name of then."""

    class Kind(models.TextChoices):
        BASE = "base", "Base fee"
        INCLUDED = "included", "Included volume"
        OVERAGE = "overage", "Beyond the included volume"
        DISCOUNT = "discount", "Agreed discount"
        CREDIT = "credit", "Credit"
        FEE = "fee", "One-off fee"

    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    tier_name = models.CharField(max_length=60, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    quantity = models.BigIntegerField()
    unit_price = models.DecimalField(max_digits=20, decimal_places=6)
    amount = models.DecimalField(max_digits=24, decimal_places=3)
    first = models.BigIntegerField(null=True)
    last = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict, db_default={}, help_text="A Told as JSON.")

    objects = AppendOnlyManager()

    class Meta:
        verbose_name = "statement line"
        ordering: ClassVar[list[str]] = ["statement", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["statement", "position"], name="statement_line_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.statement}, line {self.position}"

    @property
    def told(self) -> Told:
        """What else was known of it."""
        return Told.from_json(self.details)
