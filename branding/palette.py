"""From one or two brand colours to every colour that a page needs, in light and dark.

Pure: no settings, no ORM. All colours are `#rrggbb`; contrast is WCAG 2.1, measured on the
rounded colour that is sent. A brand's fill is kept as given, with black or white on it; where the
colour itself must be read (text, links, charts, focus) it is moved in lightness until it passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coloraide import Color

TEXT_CONTRAST = 4.5
GRAPHIC_CONTRAST = 3.0
FILL_CONTRAST = 1.25
CHART_DISTANCE = 25  # CIEDE2000, between what went well and what did not
# Aimed a little above the rule, so that rounding to eight bits never falls below it.
MARGIN = 0.06

WHITE = "#ffffff"
BLACK = "#000000"
DEFAULT_PRIMARY = "#3f5b75"

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")

_NEUTRALS_LIGHT: Mapping[str, float] = {
    "canvas": 0.976,
    "surface": 1.0,
    "sunken": 0.961,
    "hover": 0.945,
    "line": 0.915,
}
_NEUTRALS_DARK: Mapping[str, float] = {
    "canvas": 0.165,
    "surface": 0.208,
    "sunken": 0.238,
    "hover": 0.27,
    "line": 0.305,
}
_GRAYS: Mapping[str, float] = {
    "50": 0.984, "100": 0.966, "200": 0.926, "300": 0.87, "400": 0.73, "500": 0.52,
    "600": 0.44, "700": 0.37, "800": 0.275, "900": 0.208, "950": 0.165,
}  # fmt: skip
_SCALE: Mapping[str, float] = {
    "50": 0.975, "100": 0.945, "200": 0.895, "300": 0.82, "400": 0.74, "500": 0.66,
    "600": 0.56, "700": 0.49, "800": 0.42, "900": 0.36, "950": 0.26,
}  # fmt: skip
# tone: hue and chroma of its text
TONES: Mapping[str, tuple[float, float]] = {
    "ok": (152, 0.13),
    "warn": (72, 0.12),
    "bad": (20, 0.19),
    "info": (252, 0.15),
    "hold": (300, 0.14),
    "idle": (260, 0.012),
}


class ColourError(ValueError):
    """A text that is no colour of the form #rrggbb."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A place where the given colour could not be used as it is. Role: fill, text or chart."""

    given: str
    used: str
    mode: str
    role: str
    message: str


@dataclass(frozen=True, slots=True)
class Palette:
    """Tokens by name for each mode, and what had to be corrected."""

    primary: str
    accent: str
    light: Mapping[str, str]
    dark: Mapping[str, str]
    corrections: tuple[Correction, ...]


def parse_colour(text: str) -> str:
    """`#abc` or `aabbcc` as `#aabbcc`; raises ColourError for anything else."""
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise ColourError("Write a colour as # and six digits, for example #0f766e.")
    digits = match.group(1).lower()
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}"


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""
    return Color(one).contrast(other, method="wcag21")


def lowest_contrast(colour: str, backgrounds: Iterable[str]) -> float:
    return min(contrast(colour, background) for background in backgrounds)


def on_fill(fill: str) -> str:
    """Black or white, whichever can be read on the fill; white when both can."""
    if contrast(WHITE, fill) >= TEXT_CONTRAST:
        return WHITE
    return BLACK


def readable(colour: str, backgrounds: Sequence[str], ratio: float) -> str:
    """The colour, moved in lightness away from the backgrounds only as far as the ratio needs."""
    wanted = ratio + MARGIN
    if lowest_contrast(colour, backgrounds) >= wanted:
        return colour
    lightness, chroma, hue = _parts(colour)
    light_page = _parts(backgrounds[0])[0] > 0.5
    near, far = lightness, 0.0 if light_page else 1.0
    for _ in range(18):
        middle = (near + far) / 2
        if lowest_contrast(_colour(middle, chroma, hue), backgrounds) >= wanted:
            far = middle
        else:
            near = middle
    return _colour(far, chroma, hue)


def palette(primary: str, accent: str = "") -> Palette:
    """Every token for both modes. Raises ColourError for a text that is no colour."""
    brand = parse_colour(primary)
    second = parse_colour(accent) if accent.strip() else _companion(brand)
    corrections: list[Correction] = []
    light = _mode("light", brand, second, corrections)
    dark = _mode("dark", brand, second, corrections)
    if not accent.strip():  # nothing to say about a colour that nobody gave
        corrections = [note for note in corrections if note.role != "chart"]
    return Palette(brand, second, light, dark, tuple(corrections))


def stylesheet(tokens: Palette) -> str:
    """The CSS of `/theme.css`: custom properties only."""
    light = _declarations(tokens.light, "light")
    dark = _declarations(tokens.dark, "dark")
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
    )


def _declarations(tokens: Mapping[str, str], scheme: str) -> str:
    properties = ";".join(f"--{name}:{value}" for name, value in tokens.items())
    return f"color-scheme:{scheme};{properties}"


def _mode(mode: str, brand: str, accent: str, corrections: list[Correction]) -> dict[str, str]:
    hue = _parts(brand)[2]
    tint = min(_parts(brand)[1], 0.05) / 0.05
    tokens = _neutrals(mode, hue, tint)
    tokens |= _brand_tokens(mode, "brand", brand, tokens, corrections)
    tokens |= _brand_tokens(mode, "accent", accent, tokens, [])
    tokens["focus"] = readable(brand, _pages(tokens), GRAPHIC_CONTRAST)
    tokens |= _tone_tokens(mode, tokens)
    tokens |= _chart_tokens(mode, tokens, brand, accent)
    if tokens["chart-2"] != accent:
        corrections.append(_corrected(accent, tokens["chart-2"], mode, "chart"))
    tokens |= {f"gray-{step}": _grey(level, hue, tint) for step, level in _GRAYS.items()}
    tokens |= _scale(mode, brand, tokens)
    return tokens


def _pages(tokens: Mapping[str, str]) -> list[str]:
    return [tokens["surface"], tokens["canvas"], tokens["sunken"], tokens["hover"]]


def _neutrals(mode: str, hue: float, tint: float) -> dict[str, str]:
    levels = _NEUTRALS_LIGHT if mode == "light" else _NEUTRALS_DARK
    tokens = {name: _grey(level, hue, tint) for name, level in levels.items()}
    pages = _pages(tokens)
    start = 0.8 if mode == "light" else 0.4
    tokens["line-strong"] = readable(_grey(start, hue, tint), pages, GRAPHIC_CONTRAST)
    tokens["ink"] = _grey(0.2 if mode == "light" else 0.96, hue, tint)
    soft = 0.56 if mode == "light" else 0.62
    tokens["muted"] = readable(_grey(soft, hue, tint), pages, TEXT_CONTRAST + 0.3)
    return tokens


def _brand_tokens(
    mode: str, role: str, given: str, tokens: Mapping[str, str], corrections: list[Correction]
) -> dict[str, str]:
    surface = tokens["surface"]
    fill = given
    if contrast(given, surface) < FILL_CONTRAST:
        fill = readable(given, [surface], FILL_CONTRAST)
        corrections.append(_corrected(given, fill, mode, "fill"))
    lightness, chroma, hue = _parts(fill)
    step = -0.045 if on_fill(fill) == WHITE else 0.035
    hover = _colour(min(lightness + step, 0.97), chroma, hue)
    soft_level, soft_chroma = (0.957, 0.026) if mode == "light" else (0.27, 0.05)
    soft = _colour(soft_level, min(chroma, soft_chroma), hue)
    text = readable(given, [*_pages(tokens), soft], TEXT_CONTRAST)
    if text != given:
        corrections.append(_corrected(given, text, mode, "text"))
    return {
        role: fill,
        f"{role}-hover": hover if contrast(on_fill(fill), hover) >= TEXT_CONTRAST else fill,
        f"on-{role}": on_fill(fill),
        f"{role}-edge": readable(fill, _pages(tokens), GRAPHIC_CONTRAST),
        f"{role}-text": text,
        f"{role}-soft": soft,
    }


def _corrected(given: str, used: str, mode: str, role: str) -> Correction:
    ground = "a light page" if mode == "light" else "a dark page"
    if role == "fill":
        message = f"{given} cannot be seen on {ground}. Buttons use {used} there."
    elif role == "chart":
        message = f"{given} is too faint for charts on {ground}. They use {used} there."
    else:
        message = f"{given} cannot be read as text on {ground}. Links use {used} there."
    return Correction(given, used, mode, role, message)


def _tone_tokens(mode: str, tokens: Mapping[str, str]) -> dict[str, str]:
    result: dict[str, str] = {}
    for tone, (hue, chroma) in TONES.items():
        if mode == "light":
            soft, line = _colour(0.965, chroma * 0.18, hue), _colour(0.88, chroma * 0.42, hue)
            text, solid = _colour(0.47, chroma, hue), _colour(0.6, chroma, hue)
        else:
            soft, line = _colour(0.265, chroma * 0.36, hue), _colour(0.4, chroma * 0.5, hue)
            text, solid = _colour(0.82, chroma * 0.75, hue), _colour(0.68, chroma, hue)
        result[f"{tone}-soft"] = soft
        result[f"{tone}-line"] = line
        result[tone] = readable(text, [soft, *_pages(tokens)], TEXT_CONTRAST)
        result[f"{tone}-solid"] = readable(solid, _pages(tokens), GRAPHIC_CONTRAST)
    return result


def _apart(bad: str, first: str, mode: str, pages: Sequence[str]) -> str:
    """The colour of trouble in charts, told from a brand that is about as red by its lightness."""
    if Color(bad).delta_e(first, method="2000") >= CHART_DISTANCE:
        return bad
    _, chroma, hue = _parts(bad)
    levels = (0.25, 0.62) if mode == "light" else (0.92, 0.5)
    others = [
        readable(_colour(level, chroma * 0.7, hue), pages, GRAPHIC_CONTRAST) for level in levels
    ]
    return max(others, key=lambda other: Color(other).delta_e(first, method="2000"))


def _chart_tokens(mode: str, tokens: Mapping[str, str], brand: str, accent: str) -> dict[str, str]:
    _, chroma, hue = _parts(brand)
    series = [
        brand,
        accent,
        _colour(0.6, max(chroma, 0.09), (hue + 75) % 360),
        _colour(0.6, max(chroma, 0.09), (hue + 255) % 360),
    ]
    pages = [tokens["surface"], tokens["canvas"]]
    result = {
        f"chart-{number}": readable(colour, pages, GRAPHIC_CONTRAST)
        for number, colour in enumerate(series, start=1)
    }
    result["chart-bad"] = _apart(tokens["bad-solid"], result["chart-1"], mode, pages)
    result["chart-rest"] = tokens["line-strong"]
    return result


def _scale(mode: str, brand: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """Eleven steps of the brand's hue, as the admin's base expects them."""
    _, chroma, hue = _parts(brand)
    result = {}
    for step, level in _SCALE.items():
        share = 1.0 if 0.4 <= level <= 0.8 else 0.45
        result[f"brand-{step}"] = _colour(level, chroma * share, hue)
    # The admin's base writes links in 600 on light pages and in 500 on dark ones.
    result["brand-600" if mode == "light" else "brand-500"] = tokens["brand-text"]
    return result


def _companion(brand: str) -> str:
    """A second colour for a brand that gave one: its hue turned, its weight kept."""
    lightness, chroma, hue = _parts(brand)
    return _colour(min(max(lightness, 0.42), 0.62), max(chroma, 0.05), (hue + 165) % 360)


def _parts(colour: str) -> tuple[float, float, float]:
    lightness, chroma, hue = Color(colour).convert("oklch").coords(nans=False)
    return lightness, chroma, hue


def _grey(lightness: float, hue: float, tint: float) -> str:
    """A neutral with a breath of the brand's hue, so that two brands differ in their paper too."""
    return _colour(lightness, 0.0045 * tint if lightness < 1 else 0, hue)


def _colour(lightness: float, chroma: float, hue: float) -> str:
    colour = Color("oklch", [lightness, chroma, hue])
    return str(colour.convert("srgb").fit(method="oklch-chroma").to_string(hex=True))
