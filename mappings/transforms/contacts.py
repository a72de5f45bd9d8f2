"""Steps on how people are reached, where they are, and what they pay with."""

import re
from collections.abc import Mapping
from typing import Final

from governance.currencies import CODES
from mappings.transforms.base import Param, Step, Transform, TransformError, plain, text_of
from mappings.transforms.currencies import currency_code
from mappings.transforms.places import country_code, language_tag

_MAIL: Final = re.compile(
    r"[^@\s<>\"(),:;\[\]\\]{1,64}@(?:[^@\s.<>\"(),:;\[\]\\]{1,63}\.)+[^@\s.]{2,63}"
)
_PHONE: Final = re.compile(r"\+?[0-9 ()./\u00a0\u2011-]{5,40}")
_CALLING: Final = re.compile(r"[1-9][0-9]{0,2}")


def _email(value: object) -> object:
    """Return an address with its domain in small letters; the part before it is the host's."""
    text = text_of(value).strip()
    if len(text) > 254 or _MAIL.fullmatch(text) is None:
        raise TransformError("is not an e-mail address such as ada@example.com")
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def _phone(params: Mapping[str, object]) -> Step:
    """Return numbers as +49301234567: a leading 0 belongs to the country that is said."""
    calling = str(params["calling_code"]).removeprefix("+")
    if _CALLING.fullmatch(calling) is None:
        raise TransformError("'calling_code' must be a number such as 49")

    def step(value: object) -> object:
        text = text_of(value).strip()
        if _PHONE.fullmatch(text) is None:
            raise TransformError("is not a telephone number such as +49 30 1234567")
        is_full = text.startswith(("+", "00"))
        digits = re.sub("[^0-9]", "", text.replace("(0)", "") if is_full else text)
        if is_full:
            made = digits.removeprefix("00") if text.startswith("00") else digits
        else:
            made = calling + digits.removeprefix("0")
        if not 7 <= len(made) <= 15:
            raise TransformError("has too few or too many digits for a telephone number")
        return f"+{made}"

    return step


def _country(value: object) -> object:
    if found := country_code(text_of(value)):
        return found
    raise TransformError("is not a country known here; use a code such as DE, or a value map")


def _language(value: object) -> object:
    if found := language_tag(text_of(value)):
        return found
    raise TransformError("is not a language known here; use a code such as de or de-AT")


def _currency(params: Mapping[str, object]) -> Step:
    """Return codes of ISO 4217. `signs`: what a sign means here that could mean several."""
    given = params["signs"]
    signs = {
        " ".join(sign.split()).casefold(): str(code).upper()
        for sign, code in (given.items() if isinstance(given, Mapping) else ())
    }
    if wrong := sorted(set(signs.values()) - CODES):
        raise TransformError(f"'signs' has {wrong[0][:20]!r}, which is not a currency such as USD")

    def step(value: object) -> object:
        text = text_of(value)
        if found := signs.get(" ".join(text.split()).casefold()) or currency_code(text):
            return found
        raise TransformError(
            "is not a currency known here, or could be several; say under 'signs' what it means"
        )

    return step


TRANSFORMS = (
    Transform("email", "E-mail address", "contact", plain(_email)),
    Transform(
        "phone",
        "Telephone number",
        "contact",
        _phone,
        (Param("calling_code", "text", help="49 for Germany"),),
    ),
    Transform("country", "Country as two letters", "contact", plain(_country)),
    Transform("language", "Language as a code", "contact", plain(_language)),
    Transform(
        "currency",
        "Currency as three letters",
        "contact",
        _currency,
        (Param("signs", "table", required=False, help="what a bare $ means: $ is USD"),),
        "€ becomes EUR. A sign that several currencies have is refused, unless signs says which.",
    ),
)
