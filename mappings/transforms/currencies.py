"""Currencies as people and programs write them: ISO 4217. Pure."""

from collections.abc import Mapping
from typing import Final

from governance.currencies import CODES

# Signs and words that mean one currency wherever they stand; $, kr and ¥ mean several.
_WORDS: Final[Mapping[str, str]] = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "pound sterling": "GBP", "us$": "USD",
    "us dollar": "USD", "us dollars": "USD", "au$": "AUD", "a$": "AUD", "c$": "CAD", "ca$": "CAD",
    "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL", "sfr": "CHF", "sfr.": "CHF", "fr.": "CHF",
    "schweizer franken": "CHF", "swiss franc": "CHF", "₹": "INR", "₺": "TRY", "₩": "KRW",
    "₪": "ILS", "₴": "UAH", "₫": "VND", "₽": "RUB", "zł": "PLN", "kč": "CZK", "ft": "HUF",
    "dkr": "DKK", "nkr": "NOK", "skr": "SEK", "rmb": "CNY",
}  # fmt: skip


def currency_code(name: str) -> str:
    """Return the three letters of a currency, "" for one that is not known or could be several."""
    word = " ".join(name.split()).casefold()
    return word.upper() if word.upper() in CODES else _WORDS.get(word, "")
