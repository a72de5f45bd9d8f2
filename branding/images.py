"""Logos and icons, always drawn anew: what was uploaded is never served.

Pure: bytes in, PNG bytes out.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

MAX_BYTES = 1024 * 1024
MAX_SIDE = 4000
FORMATS = ("PNG", "WEBP", "JPEG")
LOGO_SIZE = (720, 180)
ICON_SIDE = 128
# A picture wider than this is a word, and no good as an icon.
ICON_RATIO = 1.4
_TOO_LARGE = f"The picture is larger than {MAX_SIDE} × {MAX_SIDE} pixels. Save it smaller."


class ImageRefused(ValueError):
    """An upload that cannot be a logo; the text says what to do."""


def redraw_logo(data: bytes) -> bytes:
    """A PNG of at most LOGO_SIZE pixels from a PNG, WebP or JPEG; metadata is left behind.

    Raises ImageRefused for anything else, and for what is too large in bytes or pixels.
    """
    if len(data) > MAX_BYTES:
        raise ImageRefused(f"The file is larger than {MAX_BYTES // 1024} KB. Save it smaller.")
    picture = _decode(data)
    picture.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
    return _png(picture)


def icon_from_logo(logo: bytes) -> bytes | None:
    """A square icon from a redrawn logo, or None when the logo is too wide for one."""
    with Image.open(io.BytesIO(logo)) as opened:
        picture = opened.convert("RGBA")
    box = picture.getbbox()
    if box is None:
        return None
    picture = picture.crop(box)
    if max(picture.size) > ICON_RATIO * min(picture.size):
        return None
    icon = ImageOps.contain(picture, (ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)
    return _png(ImageOps.pad(icon, (ICON_SIDE, ICON_SIDE), color=(0, 0, 0, 0)))


def letter_icon(letter: str, fill: str, ink: str) -> bytes:
    """A square with round corners and one letter on it; colours as `#rrggbb`."""
    scale = 4
    side = ICON_SIDE * scale
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 4, fill=fill)
    font = ImageFont.load_default(size=side * 0.62)
    stroke = side // 90
    draw.text(
        (side / 2, side / 2), letter, fill=ink, font=font, anchor="mm",
        stroke_width=stroke, stroke_fill=ink,
    )  # fmt: skip
    return _png(picture.resize((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS))


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            # Known from the header: a huge picture is refused before it is unpacked.
            if max(opened.size) > MAX_SIDE:
                raise ImageRefused(_TOO_LARGE)
            return ImageOps.exif_transpose(opened).convert("RGBA")
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise ImageRefused(_TOO_LARGE) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageRefused(
            "This file is no picture that can be read. Upload a PNG, WebP or JPEG."
        ) from error


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
