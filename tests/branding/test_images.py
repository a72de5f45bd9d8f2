"""Logos: what is refused, and that what is kept was drawn anew."""

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from branding.images import (
    ICON_SIDE,
    LOGO_SIZE,
    MAX_BYTES,
    ImageRefused,
    ground_of,
    ico_of,
    icon_from_logo,
    letter_icon,
    redraw_icon,
    redraw_logo,
    resized,
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
    colours = {colour for _, colour in icon.getcolors(maxcolors=icon.width**2) or []}
    assert (15, 118, 110) in colours
    assert (255, 255, 255) in colours


def _kept(upload: bytes) -> Image.Image:
    return Image.open(io.BytesIO(redraw_logo(upload)))


def test_a_picture_that_is_a_page_as_well_loses_the_page() -> None:
    tail = b"<html><script>alert(1)</script></html>"
    for kind in ("PNG", "WEBP", "JPEG"):
        assert b"<script" not in redraw_logo(picture(kind) + tail)


def test_a_page_that_begins_like_a_picture_is_refused() -> None:
    for head in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBP"):
        with pytest.raises(ImageRefused):
            redraw_logo(head + b"<html><script>alert(1)</script></html>")


def test_profiles_and_texts_are_left_behind() -> None:
    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>", zip=True)
    upload = picture("PNG", pnginfo=info, icc_profile=b"<script>profile</script>" * 8)
    kept = _kept(upload)
    kept.load()
    assert not set(kept.info) & {"icc_profile", "Comment", "exif"}


def test_the_orientation_is_applied_and_dropped() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    kept = _kept(picture("JPEG", (400, 100), exif=exif))
    assert kept.size[1] > kept.size[0]
    assert not kept.getexif()


@pytest.mark.parametrize(
    ("mode", "kind", "fill", "seen"),
    [
        ("CMYK", "JPEG", (0, 0, 0, 0), (255, 255, 255)),
        ("L", "PNG", 128, (128, 128, 128)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("P", "PNG", 0, None),
        ("I;16", "PNG", 32896, (128, 128, 128)),
        ("LA", "PNG", (200, 255), (200, 200, 200)),
    ],
)
def test_every_kind_of_pixel_becomes_plain_colour(
    mode: str, kind: str, fill: object, seen: tuple[int, int, int] | None
) -> None:
    out = io.BytesIO()
    Image.new(mode, (60, 60), fill).save(out, kind)  # type: ignore[arg-type]  # by mode
    kept = _kept(out.getvalue())
    assert kept.mode == "RGBA"
    pixel = kept.getpixel((30, 30))
    assert isinstance(pixel, tuple)
    if seen:
        assert all(abs(one - other) <= 2 for one, other in zip(pixel, seen, strict=False))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGBA", (40, 40), (shade, 0, 0)) for shade in range(0, 250, 10)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageRefused, match="moves"):
        redraw_logo(out.getvalue())


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_picture_that_is_cut_off_is_refused(kind: str) -> None:
    noise = Image.effect_noise((300, 200), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, kind)
    whole = out.getvalue()
    with pytest.raises(ImageRefused, match=r"(cut off|no picture)"):
        redraw_logo(whole[: len(whole) // 2])


def test_a_text_chunk_that_unpacks_into_the_memory_is_refused() -> None:
    info = PngInfo()
    info.add_text("Comment", "x" * (70 * 1024 * 1024), zip=True)
    with pytest.raises(ImageRefused):
        redraw_logo(picture("PNG", (10, 10), pnginfo=info))


@pytest.mark.parametrize(
    ("size", "advice"), [((400, 100), "square"), ((20, 20), "48 × 48"), ((60, 4001), "larger than")]
)
def test_an_icon_of_the_wrong_shape_is_refused_with_advice(
    size: tuple[int, int], advice: str
) -> None:
    with pytest.raises(ImageRefused, match=advice):
        redraw_icon(picture("PNG", size))


def test_an_icon_is_square_and_comes_in_every_size() -> None:
    icon = redraw_icon(picture("WEBP", (300, 260)))
    assert Image.open(io.BytesIO(icon)).size == (ICON_SIDE, ICON_SIDE)
    assert Image.open(io.BytesIO(resized(icon, 180))).size == (180, 180)
    assert Image.open(io.BytesIO(ico_of(icon))).info["sizes"] == {(16, 16), (32, 32), (48, 48)}


def logo(ink: tuple[int, int, int], share: float = 0.4, alpha: int = 0) -> bytes:
    """A bar of one colour on a ground that is clear, or white where alpha is 255."""
    drawn = Image.new("RGBA", (200, 50), (255, 255, 255, alpha))
    drawn.paste((*ink, 255), (0, 0, int(200 * share), 50))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return redraw_logo(out.getvalue())


@pytest.mark.parametrize(
    ("drawn", "ground"),
    [
        (logo((20, 22, 40)), "light"),
        (logo((255, 255, 255)), "dark"),
        (logo((15, 118, 110)), ""),
        (logo((20, 22, 40), alpha=255), ""),
        (logo((0, 0, 0), share=0), ""),
    ],
    ids=["dark ink", "white ink", "colour", "its own ground", "empty"],
)
def test_a_logo_says_which_ground_it_needs(drawn: bytes, ground: str) -> None:
    assert ground_of(drawn) == ground
