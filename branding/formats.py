"""Numbers, money and dates as a viewer reads them. Text stays English; the forms are local."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.utils import numberformat
from django.utils.dateformat import format as format_date

from branding.pricing import currency_digits
from branding.viewer import Viewer
from tenants.accounts.locales import forms_of

Number = int | float | Decimal | str


def as_decimal(value: object) -> Decimal | None:
    """The exact number, or None for an empty value or a text that is no number."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def number_text(value: object, viewer: Viewer, digits: int | None = None) -> str:
    """`1234.5` as `1,234.5`; a dash for nothing. `digits` rounds half up."""
    number = as_decimal(value)
    if number is None:
        return "–" if value in (None, "") else str(value)
    if digits is not None:
        number = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    forms = forms_of(viewer.locale)
    text = numberformat.format(
        number,
        forms.decimal,
        decimal_pos=digits,
        grouping=3,
        thousand_sep=forms.group,
        force_grouping=True,
        use_l10n=True,
    )
    return text.replace("-", "−", 1) if number < 0 else text


def short_number_text(value: object, viewer: Viewer) -> str:
    """A round number for an axis: `15k` for 15000, `2.5m` for 2500000."""
    number = as_decimal(value)
    if number is None or abs(number) < 10_000:
        return number_text(value, viewer)
    for size, sign in ((1_000_000, "m"), (1_000, "k")):
        if abs(number) >= size:
            return number_text((number / size).normalize(), viewer) + sign
    return number_text(number, viewer)


def money_text(value: object, currency: str, viewer: Viewer) -> str:
    """The amount with the currency's own number of decimals, without the currency."""
    return number_text(value, viewer, currency_digits(currency))


def date_text(value: date, viewer: Viewer, today: date | None = None) -> str:
    """A day; where names of months are written, this year is left out."""
    forms = forms_of(viewer.locale)
    this_year = today is not None and today.year == value.year
    return format_date(value, forms.short_day if this_year else forms.day)


def axis_text(value: date, viewer: Viewer, today: date) -> str:
    """A day where there is little room: without its year when that is this one."""
    forms = forms_of(viewer.locale)
    return format_date(value, forms.axis_day if value.year == today.year else forms.day)


def moment_text(value: datetime, viewer: Viewer, now: datetime) -> str:
    """A moment in the viewer's zone: the time alone today, else day and time."""
    local, here = value.astimezone(viewer.tzinfo), now.astimezone(viewer.tzinfo)
    clock = format_date(local, "H:i")
    if local.date() == here.date():
        return f"Today {clock}"
    if local.date() == here.date() - timedelta(days=1):
        return f"Yesterday {clock}"
    return f"{date_text(local.date(), viewer, here.date())}, {clock}"


def distance_text(value: datetime, now: datetime) -> str:
    """How far a moment is: `3 min ago`, `in 2 days`."""
    seconds = int((now - value).total_seconds())
    amount, unit = _largest_unit(abs(seconds))
    if amount == 0:
        return "now"
    text = f"{amount} {unit}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _largest_unit(seconds: int) -> tuple[int, str]:
    if seconds < 45:
        return 0, "s"
    if seconds < 90 * 60:
        return max(1, round(seconds / 60)), "min"
    if seconds < 36 * 3600:
        return round(seconds / 3600), "h"
    days = round(seconds / 86400)
    if days < 60:
        return days, "days" if days != 1 else "day"
    return round(days / 30.4), "months"


def full_text(value: datetime, viewer: Viewer) -> str:
    """The whole moment with its zone, for titles."""
    local = value.astimezone(viewer.tzinfo)
    return f"{date_text(local.date(), viewer)}, {format_date(local, 'H:i:s')} {local.tzname()}"
