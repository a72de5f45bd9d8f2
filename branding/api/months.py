"""The month that a call asks for."""

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from branding.commercial.months import Month


def month_of(request: Request) -> Month | None:
    """Return `?month=2026-11`, None without it. Raises ValidationError for one that is none."""
    text = request.query_params.get("month", "")
    try:
        return Month.parse(text) if text else None
    except ValueError as error:
        raise ValidationError({"month": [str(error)]}) from error
