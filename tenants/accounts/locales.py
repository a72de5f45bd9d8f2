"""The forms of numbers and dates that people can choose. Pure data.

A locale stands for its forms only: text is English everywhere. Separators and orders are those
of the Unicode CLDR; dates are in the framework's own date characters.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_LOCALE = "en-gb"
DEFAULT_ZONE = "UTC"
NARROW_SPACE, SPACE = "\u202f", "\u00a0"


@dataclass(frozen=True, slots=True)
class Forms:
    """How a locale writes: `1,234.50`, a day with its year, and a day of this year."""

    label: str
    decimal: str
    group: str
    day: str
    day_this_year: str = ""

    @property
    def short_day(self) -> str:
        """The form of a day whose year needs no saying."""
        return self.day_this_year or self.day

    @property
    def axis_day(self) -> str:
        """A day of this year where there is little room."""
        return self.day_this_year or self.day.replace("Y", "").strip("/- ")


FORMS: dict[str, Forms] = {
    "en-gb": Forms("English (UK)", ".", ",", "j M Y", "j M"),
    "en-ie": Forms("English (Ireland)", ".", ",", "j M Y", "j M"),
    "en-au": Forms("English (Australia)", ".", ",", "j M Y", "j M"),
    "en-us": Forms("English (US)", ".", ",", "M j, Y", "M j"),
    "de": Forms("German", ",", ".", "d.m.Y"),
    "de-at": Forms("German (Austria)", ",", SPACE, "d.m.Y"),
    "de-ch": Forms("German (Switzerland)", ".", "\u2019", "d.m.Y"),
    "fr": Forms("French", ",", NARROW_SPACE, "d/m/Y"),
    "fr-ch": Forms("French (Switzerland)", ",", NARROW_SPACE, "d.m.Y"),
    "nl": Forms("Dutch", ",", ".", "d-m-Y"),
    "es": Forms("Spanish", ",", ".", "d/m/Y"),
    "it": Forms("Italian", ",", ".", "d/m/Y"),
    "pt": Forms("Portuguese", ",", SPACE, "d/m/Y"),
    "pt-br": Forms("Portuguese (Brazil)", ",", ".", "d/m/Y"),
    "da": Forms("Danish", ",", ".", "d.m.Y"),
    "sv": Forms("Swedish", ",", SPACE, "Y-m-d"),
    "nb": Forms("Norwegian", ",", SPACE, "d.m.Y"),
    "fi": Forms("Finnish", ",", SPACE, "j.n.Y"),
    "pl": Forms("Polish", ",", SPACE, "d.m.Y"),
    "cs": Forms("Czech", ",", SPACE, "d. m. Y"),
}


def nearest(locale: str) -> str:
    """The key of FORMS for a locale: its own, else its language's; empty when there is none."""
    known = locale.lower().replace("_", "-")
    return next((name for name in (known, known.partition("-")[0]) if name in FORMS), "")


def forms_of(locale: str) -> Forms:
    """The forms of a locale: its own, else its language's, else the default's."""
    return FORMS[nearest(locale) or DEFAULT_LOCALE]


def is_offered(locale: str) -> bool:
    """Whether a locale can be chosen: one of ours, or a region of one of our languages."""
    return bool(nearest(locale)) or locale.startswith("en-")


def locale_choices(empty: str = "") -> list[tuple[str, str]]:
    """Choices for a form, each with a sample; `empty` labels the choice of none."""
    offered = [
        (name, f"{forms.label} · 1{forms.group}234{forms.decimal}50")
        for name, forms in FORMS.items()
    ]
    return [("", empty), *offered] if empty else offered
