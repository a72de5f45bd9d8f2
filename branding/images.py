"""Logos and icons, always drawn anew: what was uploaded is never served.

Pure: bytes in, PNG (or ICO) bytes out.
"""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

MAX_BYTES = 1024 * 1024
MAX_SIDE = 4000
FORMATS = ("PNG", "WEBP", "JPEG")
LOGO_SIZE = (720, 180)
ICON_SIDE = 512
LETTER_SIDE = 128
MIN_ICON_SIDE = 48
ICO_SIDES = (16, 32, 48)
# A picture wider than this is a word, and no good as an icon.
ICON_RATIO = 1.4
# Of a logo's pixels: how many are its own ground; luma that is lost on a dark or light page, and
# the share of such pixels from which on the logo is not to be read there.
_COVERED = 0.97
_DARK, _DARK_SHARE = 0.3, 0.15
_BRIGHT, _BRIGHT_SHARE = 0.85, 0.5
_TOO_LARGE = f"The picture is larger than {MAX_SIDE} × {MAX_SIDE} pixels. Save it smaller."
_UNREADABLE = "This file is no picture that can be read. Upload a PNG, WebP or JPEG."
_CUT_OFF = "The file is cut off or damaged. Save the picture again as PNG, WebP or JPEG."


class ImageRefused(ValueError):
    """An upload that cannot be a logo; the text says what to do."""


class IconRefused(ImageRefused):
    """The same of an upload that was to be the icon."""


def redraw_logo(data: bytes) -> bytes:
    """A PNG of at most LOGO_SIZE pixels from a PNG, WebP or JPEG; metadata is left behind.

    Raises ImageRefused for anything else, for what moves, and for what is too large in bytes
    or pixels.
    """
    picture = _decode(data)
    picture.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
    return _png(picture)


def redraw_icon(data: bytes) -> bytes:
    """A square PNG of ICON_SIDE pixels from a picture that is about square.

    Raises ImageRefused as `redraw_logo`, and for what is too small or too long for an icon.
    """
    picture = _decode(data)
    if min(picture.size) < MIN_ICON_SIDE:
        raise ImageRefused(
            f"The icon is smaller than {MIN_ICON_SIDE} × {MIN_ICON_SIDE} pixels. "
            "Upload a larger one; 512 × 512 is best."
        )
    if max(picture.size) > ICON_RATIO * min(picture.size):
        raise ImageRefused("The icon has to be about square. Crop it to its sign.")
    return _png(_squared(picture))


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
    return _png(_squared(picture))


def ground_of(logo: bytes) -> str:
    """The ground that a redrawn logo needs to be seen: `light`, `dark`, or "" for any.

    A logo that brings its own ground, or has only colours between, needs none.
    """
    with Image.open(io.BytesIO(logo)) as opened:
        small = opened.convert("RGBA").resize((90, 90), Image.Resampling.BOX)
    pixels = list(struct.iter_unpack("4B", small.tobytes()))
    inked = [(red, green, blue) for red, green, blue, alpha in pixels if alpha > 128]
    if not inked or len(inked) > _COVERED * len(pixels):
        return ""
    light = [(0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255 for red, green, blue in inked]
    if sum(one < _DARK for one in light) > _DARK_SHARE * len(inked):
        return "light"
    return "dark" if sum(one > _BRIGHT for one in light) > _BRIGHT_SHARE * len(inked) else ""


def resized(icon: bytes, side: int) -> bytes:
    """A redrawn icon in another size."""
    with Image.open(io.BytesIO(icon)) as opened:
        picture = opened.convert("RGBA")
    return _png(picture.resize((side, side), Image.Resampling.LANCZOS))


def ico_of(icon: bytes) -> bytes:
    """The icon as browsers ask for it by default: one file with the sizes of ICO_SIDES."""
    pictures = [resized(icon, side) for side in ICO_SIDES]
    head, body = struct.pack("<HHH", 0, 1, len(pictures)), b""
    start = len(head) + 16 * len(pictures)
    for side, picture in zip(ICO_SIDES, pictures, strict=True):
        place = start + len(body)
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), place)
        body += picture
    return head + body


def letter_icon(letter: str, fill: str, ink: str, width: int = LETTER_SIDE) -> bytes:
    """A square with round corners and one letter on it; colours as `#rrggbb`."""
    side = width * 4
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 4, fill=fill)
    font = ImageFont.load_default(size=side * 0.62)
    stroke = side // 90
    draw.text(
        (side / 2, side / 2), letter, fill=ink, font=font, anchor="mm",
        stroke_width=stroke, stroke_fill=ink,
    )  # fmt: skip
    return _png(picture.resize((width, width), Image.Resampling.LANCZOS))


def _decode(data: bytes) -> Image.Image:
    """The pixels alone, upright, as RGBA. What is wrong is refused by the header if possible."""
    if len(data) > MAX_BYTES:
        raise ImageRefused(f"The file is larger than {MAX_BYTES // 1024} KB. Save it smaller.")
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageRefused(_TOO_LARGE) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error) as error:
        raise ImageRefused(_UNREADABLE) from error
    with opened:
        if max(opened.size) > MAX_SIDE:
            raise ImageRefused(_TOO_LARGE)
        if getattr(opened, "n_frames", 1) > 1:
            raise ImageRefused("This picture moves. Save one still picture of it.")
        try:
            return _pixels(opened)
        except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
            raise ImageRefused(_CUT_OFF) from error


def _pixels(opened: Image.Image) -> Image.Image:
    """A new picture with the same pixels, so that nothing else comes along, a profile included."""
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I"):  # 16 bits of grey: converting would cut, not scale
        upright = upright.point(lambda level: level / 256).convert("L")
    pixels = upright.convert("RGBA")
    clean = Image.new("RGBA", pixels.size)
    clean.paste(pixels)
    return clean


def _squared(picture: Image.Image) -> Image.Image:
    icon = ImageOps.contain(picture, (ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)
    return ImageOps.pad(icon, (ICON_SIDE, ICON_SIDE), color=(0, 0, 0, 0))


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
