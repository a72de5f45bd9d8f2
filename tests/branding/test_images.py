"""Logos: what is refused, and that what is kept was drawn anew."""

import io
import struct
import zlib

import pytest
from PIL import Image

from branding.images import (
    ICON_SIDE,
    LOGO_SIZE,
    MAX_BYTES,
    ImageRefused,
    icon_from_logo,
    letter_icon,
    redraw_logo,
)


def picture(kind: str, size: tuple[int, int] = (400, 100), **options: object) -> bytes:
    out = io.BytesIO()
    mode = "RGB" if kind == "JPEG" else "RGBA"
    Image.new(mode, size, (15, 118, 110)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_the_three_formats_become_a_png_of_bounded_size(kind: str) -> None:
    kept = Image.open(io.BytesIO(redraw_logo(picture(kind, (3000, 1500)))))
    assert kept.format == "PNG"
    assert kept.width <= LOGO_SIZE[0]
    assert kept.height <= LOGO_SIZE[1]


def test_what_hides_beside_the_pixels_is_left_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    upload = picture("JPEG", exif=exif) + b"<script>alert(2)</script>"
    assert b"script" not in redraw_logo(upload)


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 40,
        picture("PNG")[:60],
        picture("BMP", (8, 8)) if Image.registered_extensions() else b"",
    ],
)
def test_what_is_no_picture_of_the_three_kinds_is_refused(upload: bytes) -> None:
    with pytest.raises(ImageRefused, match="PNG, WebP or JPEG"):
        redraw_logo(upload)


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(ImageRefused, match="1024 KB"):
        redraw_logo(b"x" * (MAX_BYTES + 1))


def _png_claiming(width: int, height: int) -> bytes:
    """A small file whose header promises a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        sum_ = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", sum_)

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (4001, 10)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    size: tuple[int, int],
) -> None:
    with pytest.raises(ImageRefused, match="picture"):
        redraw_logo(_png_claiming(*size))


def test_a_square_logo_makes_the_icon_and_a_word_does_not() -> None:
    square = icon_from_logo(redraw_logo(picture("PNG", (160, 150))))
    assert square is not None
    assert Image.open(io.BytesIO(square)).size == (ICON_SIDE, ICON_SIDE)
    assert icon_from_logo(redraw_logo(picture("PNG", (400, 100)))) is None


def test_a_letter_stands_in_for_a_logo() -> None:
    icon = Image.open(io.BytesIO(letter_icon("N", "#0f766e", "#ffffff"))).convert("RGB")
    colours = {colour for _, colour in icon.getcolors(maxcolors=ICON_SIDE**2) or []}
    assert (15, 118, 110) in colours
    assert (255, 255, 255) in colours
