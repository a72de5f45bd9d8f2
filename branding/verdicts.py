"""How well a palette can be read, in figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from branding.palette import GRAPHIC_CONTRAST, TEXT_CONTRAST, Palette, contrast

# label, the token that is seen, the one that it is seen on, the least contrast
_CHECKS = (
    ("Text", "ink", "surface", TEXT_CONTRAST),
    ("Quiet text", "muted", "canvas", TEXT_CONTRAST),
    ("Links", "brand-text", "canvas", TEXT_CONTRAST),
    ("Text on buttons", "on-brand", "brand", TEXT_CONTRAST),
    ("Text on buttons under the pointer", "on-brand", "brand-hover", TEXT_CONTRAST),
    ("Focus", "focus", "canvas", GRAPHIC_CONTRAST),
    ("Edge of buttons", "brand-edge", "canvas", GRAPHIC_CONTRAST),
    ("Charts, first colour", "chart-1", "surface", GRAPHIC_CONTRAST),
    ("Charts, second colour", "chart-2", "surface", GRAPHIC_CONTRAST),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pair of colours in both modes: its contrast there, and the least that is asked."""

    label: str
    light: float
    dark: float
    least: float

    @property
    def passes(self) -> bool:
        """Whether both modes reach it."""
        return min(self.light, self.dark) >= self.least


def verdicts_of(tokens: Palette) -> list[Verdict]:
    """Every pair that people have to read or see."""
    return [
        Verdict(label, _of(tokens.light, seen, ground), _of(tokens.dark, seen, ground), least)
        for label, seen, ground, least in _CHECKS
    ]


def _of(tokens: Mapping[str, str], seen: str, ground: str) -> float:
    return contrast(tokens[seen], tokens[ground])
