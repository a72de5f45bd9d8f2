"""Currencies as people and programs write them: ISO 4217. Pure."""

from collections.abc import Mapping
from typing import Final

# Those in use, without funds, metals and test codes.
_CODES: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV
WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CODES: Final = frozenset(_CODES.split())
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
