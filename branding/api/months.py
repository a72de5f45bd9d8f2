"""The month that a call asks for, or that a list is narrowed to."""

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from branding.commercial.months import Month
from tenants.accounts.api.scope import ListFilters


def month_of(request: Request) -> Month | None:
    """Return `?month=2026-11`, None without it. Raises ValidationError for one that is none."""
    text = request.query_params.get("month", "")
    try:
        return Month.parse(text) if text else None
    except ValueError as error:
        raise ValidationError({"month": [str(error)]}) from error


class MonthFilters(ListFilters):
    """Filters of a list that has months."""

    month = serializers.CharField(
        required=False, allow_blank=True, help_text="Only this month's, as 2026-11."
    )

    def validate_month(self, text: str) -> Month | None:
        """Return the month. Raises ValidationError for one that is none."""
        try:
            return Month.parse(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Turn the month into the look-up that it stands for."""
        checked = super().validate(attrs)
        month = checked.pop("month", None)
        return {**checked, **self.within(month)} if isinstance(month, Month) else checked

    def within(self, month: Month) -> dict[str, object]:
        """Return the look-up of a month: of rows that are for the whole of it."""
        return {"month": month.first}
