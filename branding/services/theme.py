"""The stylesheet of a brand's colours, and its version."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from branding.palette import DEFAULT_PRIMARY, Palette, palette, stylesheet


@lru_cache(maxsize=512)
def palette_of(primary: str, accent: str) -> Palette:
    """The tokens of two colours; the same for every partner that has them."""
    return palette(primary or DEFAULT_PRIMARY, accent)


@lru_cache(maxsize=512)
def theme_of(primary: str, accent: str) -> tuple[str, str]:
    """The CSS of two colours and its version (twelve digits of its hash)."""
    css = stylesheet(palette_of(primary, accent))
    return css, hashlib.sha256(css.encode()).hexdigest()[:12]
