"""What a mapped record is worth, and which of its fields are amounts. Pure.

A canonical object says which of its fields are money. A system's object does not, so there the
name decides, and only for a value that the mapping made an exact number.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from mappings.canonical.custom import NONE, CustomFields
from mappings.canonical.fields import Field
from mappings.canonical.registry import SCHEMAS, fields_of
from mappings.numbers import CONTEXT, NotANumber, as_decimal

Record = Mapping[str, object]
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PRICES: Final = frozenset({"rate", "price"})
_NO_PRICES: Final = frozenset({"tax", "vat", "exchange", "discount", "cost"})
_QUANTITIES: Final = frozenset({"quantity", "qty", "hours"})
# What a record is worth is the first of these that it has: never two of them added together.
_LEADING: Final = ("amount", "total", "net", "gross", "value", "fee", "budget", "cost", "tax")
_OTHER: Final = frozenset({"discount", "paid"})
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_CURRENCY_FIELDS: Final = ("currency", "currencyCode", "currency_code", "CurrencyCode", "Currency")


def is_amount(path: str, value: object, object_type: str = "", custom: CustomFields = NONE) -> bool:
    """Say whether a field is shown as money: an amount or a price."""
    fields = _fields(object_type, custom)
    if path in fields:
        return fields[path].type == "money"
    words = _words(path.rsplit(".", 1)[-1])
    number = _number(value, texts=bool(fields))
    return number is not None and bool(words & (_PRICES | _OTHER | set(_LEADING)))


def worth(data: Record, object_type: str = "", custom: CustomFields = NONE) -> Decimal | None:
    """Return what a mapped record comes to, None when nothing of it is money.

    Its leading amount, else the sum of its lines', else price × quantity (exact, not rounded).
    """
    fields = _fields(object_type, custom)
    if not fields:
        return _worth(data, texts=False)
    money = {name for name, one in fields.items() if one.type in ("money", "decimal")}
    shown = {name: value for name, value in data.items() if name in money}
    lists = {name: value for name, value in data.items() if isinstance(value, list)}
    return _worth({**shown, **lists}, texts=True)


def _worth(data: Record, *, texts: bool) -> Decimal | None:
    """texts: numbers may be written as text, as canonical records keep them."""
    found: dict[str, Decimal] = {}
    for name, value in data.items():
        number, kind = _number(value, texts=texts), _kind_of(name)
        if number is not None and kind:
            found.setdefault(kind, number)
    for leading in _LEADING:
        if leading in found:
            return found[leading]
    lines = [amount for one in _lines(data) if (amount := _worth(one, texts=texts)) is not None]
    if lines:
        return sum_of(lines)
    if "price" in found and "quantity" in found:
        return CONTEXT.multiply(found["price"], found["quantity"])
    return None


def _kind_of(name: str) -> str:
    """Return what a number of that name is: price, quantity, a leading amount, or nothing."""
    words = _words(name)
    if words & _PRICES:
        return "" if words & _NO_PRICES else "price"
    if words & _QUANTITIES:
        return "quantity"
    return next((one for one in _LEADING if one in words), "")


def currency_in(data: Record) -> str:
    """Return the currency that a mapped record names, "" when it names none."""
    for name in _CURRENCY_FIELDS:
        value = data.get(name)
        if isinstance(value, str) and _CURRENCY.fullmatch(value):
            return value
    return ""


def sum_of(amounts: list[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = Decimal(0)
    for amount in amounts:
        total = CONTEXT.add(total, amount)
    return total


def _lines(data: Record) -> Iterator[Record]:
    for value in data.values():
        if isinstance(value, list):
            yield from (one for one in value if isinstance(one, Mapping))


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _fields(object_type: str, custom: CustomFields) -> Mapping[str, Field]:
    return fields_of(object_type, custom) if object_type in SCHEMAS else {}


def _number(value: object, *, texts: bool) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    if isinstance(value, str) and not texts:
        return None  # a tax code may look like a number
    try:
        return as_decimal(value)
    except NotANumber:
        return None
