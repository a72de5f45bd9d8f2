"""Writes the colours and the icon of pages that are nobody's: `python -m branding.neutral DIR`."""

from __future__ import annotations

import sys
from pathlib import Path

from branding.images import letter_icon
from branding.palette import DEFAULT_PRIMARY, on_fill, palette, stylesheet


def write_neutral(folder: Path) -> None:
    """Write `neutral.css` and `neutral.png` into a folder; the same bytes every time."""
    tokens = palette(DEFAULT_PRIMARY)
    (folder / "neutral.css").write_text(stylesheet(tokens))
    fill = tokens.light["brand"]
    (folder / "neutral.png").write_bytes(letter_icon("L", fill, on_fill(fill)))


if __name__ == "__main__":
    write_neutral(Path(sys.argv[1]))
