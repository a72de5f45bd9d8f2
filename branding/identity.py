"""A brand as pages and mails use it: values only, taken from the live brand's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from branding.nouns import Nouns
from branding.palette import DEFAULT_PRIMARY


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything a template may say about whose product this is.

    Paths are host-relative and carry a hash, so that browsers may keep what they load.
    `support` is an address, or empty. `letter` stands where there is no logo. `logo` and `icon`
    are names in the partner's storage. `client_logos`: client id → the stored logo of those
    whose tier lets them show one. `logo_ground`: see `branding.images.ground_of`.
    """

    name: str
    letter: str
    theme_url: str
    icon_url: str
    logo_url: str = ""
    logo_has_name: bool = False
    logo_ground: str = ""
    primary: str = DEFAULT_PRIMARY
    accent: str = ""
    support: str = ""
    sign_in_text: str = ""
    locale: str = ""
    time_zone: str = ""
    touch_icon_url: str = ""
    manifest_url: str = ""
    social_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    imprint_url: str = ""
    logo: str = ""
    icon: str = ""
    nouns: Nouns = field(default_factory=Nouns)
    client_logos: Mapping[int, str] = field(default_factory=dict)

    @property
    def legal_links(self) -> list[tuple[str, str]]:
        """Word and address of each page of the law that there is."""
        links = (
            ("Terms", self.terms_url),
            ("Privacy", self.privacy_url),
            ("Imprint", self.imprint_url),
        )
        return [(word, address) for word, address in links if address]


def letter_of(name: str) -> str:
    """The letter that stands for a name: its first letter or digit, in upper case."""
    return next((sign.upper() for sign in name if sign.isalnum()), "•")
