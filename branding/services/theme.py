"""The stylesheet of a brand's colours, and its version."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from coloraide.__meta__ import __version__ as colour_library

from branding import palette as rules
from branding.palette import DEFAULT_PRIMARY, Palette, palette, stylesheet


@lru_cache(maxsize=512)
def palette_of(primary: str, accent: str) -> Palette:
    """The tokens of two colours; the same for every partner that has them."""
    return palette(primary or DEFAULT_PRIMARY, accent)


# The same colours make other tokens after an update of the rules: addresses change then.
_RULES = hashlib.sha256(Path(rules.__file__).read_bytes() + colour_library.encode()).digest()


@lru_cache(maxsize=4096)
def theme_version(primary: str, accent: str) -> str:
    """Twelve digits that change with the colours' CSS, known without making it (40 ms)."""
    return hashlib.sha256(_RULES + f"{primary}|{accent}".encode()).hexdigest()[:12]


@lru_cache(maxsize=2048)
def theme_of(primary: str, accent: str) -> tuple[str, str]:
    """The CSS of two colours and its version."""
    return stylesheet(palette_of(primary, accent)), theme_version(primary, accent)
