"""The picture that stands for a link to a partner's host. Pure: values in, PNG bytes out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
_FONTS = Path(__file__).parent / "static" / "fonts"
# Last code point of a script and the file that has it, in order.
_FILES = (
    (0x00FF, "latin"),
    (0x024F, "latin-ext"),
    (0x036F, ""),
    (0x03FF, "greek"),
    (0x052F, "cyrillic"),
    (0x1EFF, "vietnamese"),
)
_BOLD = 650
_LARGEST, _SMALLEST = 92, 40
_MARK = 168


def social_image(name: str, letter: str, logo: bytes | None, fill: str, ink: str) -> bytes:
    """The mark over the name on the brand's colour; colours as `#rrggbb`.

    A name in a script that there is no type for is left out: the mark stands alone.
    """
    picture = Image.new("RGB", SIZE, fill)
    text = _fitting(name)
    middle = SIZE[1] // 2 - (90 if text else 0)
    _put_mark(picture, letter, logo, fill, ink, middle)
    if text:
        fonts, width = text
        left = (SIZE[0] - width) / 2
        _write(picture, name, fonts, (left, middle + _MARK // 2 + 120), ink)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _put_mark(
    picture: Image.Image, letter: str, logo: bytes | None, fill: str, ink: str, middle: int
) -> None:
    draw = ImageDraw.Draw(picture)
    centre = SIZE[0] // 2
    if logo is None:
        box = (centre - _MARK // 2, middle - _MARK // 2, centre + _MARK // 2, middle + _MARK // 2)
        draw.rounded_rectangle(box, radius=_MARK // 4, fill=ink)
        font = _font(_file_of(letter) or "latin", 110)
        draw.text((centre, middle), letter, fill=fill, font=font, anchor="mm")
        return
    with Image.open(io.BytesIO(logo)) as opened:
        mark = opened.convert("RGBA")
    mark.thumbnail((720, _MARK), Image.Resampling.LANCZOS)
    width, height = mark.size[0] // 2 + 36, mark.size[1] // 2 + 36
    # On paper of its own: a logo is drawn for a clear ground, not for the brand's colour.
    draw.rounded_rectangle(
        (centre - width, middle - height, centre + width, middle + height), 24, fill="#ffffff"
    )
    picture.paste(mark, (centre - mark.size[0] // 2, middle - mark.size[1] // 2), mark)


def _fitting(name: str) -> tuple[Sequence[ImageFont.FreeTypeFont], float] | None:
    """A font for each sign, in the largest size that fits, and the text's width."""
    files = [_file_of(sign) for sign in name]
    if not name or not all(files):
        return None
    for size in range(_LARGEST, _SMALLEST - 1, -4):
        fonts = [_font(file, size) for file in files]
        width = sum(font.getlength(sign) for font, sign in zip(fonts, name, strict=True))
        if width <= SIZE[0] - 160:
            return fonts, width
    return None


def _write(
    picture: Image.Image,
    text: str,
    fonts: Sequence[ImageFont.FreeTypeFont],
    at: tuple[float, float],
    ink: str,
) -> None:
    draw = ImageDraw.Draw(picture)
    left, base = at
    for sign, font in zip(text, fonts, strict=True):
        draw.text((left, base), sign, fill=ink, font=font, anchor="ls")
        left += font.getlength(sign)


def _file_of(sign: str) -> str:
    """The file that has a sign; empty when none has it."""
    return next((file for last, file in _FILES if ord(sign) <= last), "")


@lru_cache(maxsize=128)
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(_FONTS / f"inter-{file}-wght-normal.woff2", size)
    font.set_variation_by_axes([_BOLD])
    return font
