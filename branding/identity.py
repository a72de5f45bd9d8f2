"""A brand as pages and mails use it: values only, taken from the live brand's row."""

from __future__ import annotations

from dataclasses import dataclass

from branding.palette import DEFAULT_PRIMARY


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything a template may say about whose product this is.

    Paths are host-relative and carry a hash, so that browsers may keep what they load.
    `support` is an address, or empty. `letter` stands where there is no logo.
    """

    name: str
    letter: str
    theme_url: str
    icon_url: str
    logo_url: str = ""
    logo_has_name: bool = False
    primary: str = DEFAULT_PRIMARY
    accent: str = ""
    support: str = ""
    sign_in_text: str = ""
    locale: str = ""
    time_zone: str = ""


def letter_of(name: str) -> str:
    """The letter that stands for a name: its first letter or digit, in upper case."""
    return next((sign.upper() for sign in name if sign.isalnum()), "•")
