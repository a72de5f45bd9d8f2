"""Checks of single input values, as a vendor's API has them.

A check takes a JSON value and returns what is stored; it raises `BadValue` with a sentence.
Decimals and dates are stored as text, exactly as they are sent.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Check = Callable[[Any], Any]
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LARGEST = Decimal("1e13")


class BadValue(ValueError):
    """What is wrong with a value, as the end of a sentence that begins with the field."""


def text(limit: int = 200) -> Check:
    """A string of at most `limit` characters; null empties it."""

    def check(value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadValue("must be a string")
        if len(value) > limit:
            raise BadValue(f"must have at most {limit} characters")
        return value

    return check


def decimal(places: int = 2, *, padded: bool = True) -> Check:
    """A number as a string such as "145.00", with at most `places` decimals.

    `padded` stores all the places ("145.00"); otherwise the digits stay as they were given.
    """

    def check(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise BadValue('must be a decimal as a string, such as "145.00"')
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise BadValue(f"{value!r} is not a number") from error
        if not number.is_finite() or abs(number) > _LARGEST:
            raise BadValue("is out of range")
        quantum = Decimal(1).scaleb(-places)
        if number != number.quantize(quantum):
            raise BadValue(f"must have at most {places} decimals")
        return f"{number.quantize(quantum) if padded else number:f}"

    return check


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def date(value: Any) -> str | None:
    """A date such as "2026-10-31"."""
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise BadValue('must be a date such as "2026-10-31"') from error


def moment(value: Any) -> str | None:
    """An instant with a zone; stored in UTC with microseconds."""
    if value is None:
        return None
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadValue('must be a date and time such as "2026-10-31T16:20:00Z"') from error
    if found.tzinfo is None:
        raise BadValue("must carry a time zone")
    return utc_text(found)


def choice(*options: str) -> Check:
    """One of the given words."""

    def check(value: Any) -> str:
        if value not in options:
            raise BadValue(f"must be one of {', '.join(options)}")
        return str(value)

    return check


def email(value: Any) -> str | None:
    """An address that could work."""
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise BadValue("is not a valid email address")
    return value


def currency(value: Any) -> str:
    """An ISO 4217 code."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise BadValue("must be a three-letter currency code")
    return value


def country(value: Any) -> str | None:
    """An ISO 3166 code of two letters."""
    if value is None:
        return None
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        raise BadValue("must be a two-letter country code")
    return value


def period(value: Any) -> str:
    """A month such as "2026-10"."""
    if not isinstance(value, str) or not _PERIOD.fullmatch(value):
        raise BadValue('must be a month such as "2026-10"')
    return value


def integer(value: Any) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadValue("must be a whole number")


def nested(checks: Mapping[str, Check]) -> Check:
    """An object with the given fields, each optional."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadValue("must be an object")
        unknown = sorted(set(value) - set(checks))
        if unknown:
            raise BadValue(f"has no field {unknown[0]!r}")
        return {name: checks[name](item) for name, item in value.items()}

    return check


def listing(check_item: Check, limit: int = 50) -> Check:
    """A list of checked items."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > limit:
            raise BadValue(f"must be a list of at most {limit} items")
        return [check_item(item) for item in value]

    return check


def utc_text(value: dt.datetime) -> str:
    """An instant as every system here writes it: UTC, microseconds, Z."""
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
