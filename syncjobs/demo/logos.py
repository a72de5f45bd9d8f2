"""Logos for partners that do not exist: a mark in their two colours beside nothing else.

The product's name is set in type by the pages; a mark that is square gives an icon too.
"""

import io

from PIL import Image, ImageDraw

SIDE = 360
_SCALE = 3  # drawn larger and scaled down, for smooth edges


def draw_mark(shape: str, primary: str, accent: str) -> bytes:
    """A square PNG with a transparent ground; `shape` is rings or bars."""
    side = SIDE * _SCALE
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    if shape == "rings":
        _rings(pen, side, primary, accent)
    else:
        _bars(pen, side, primary, accent)
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    return buffer.getvalue()


def _rings(pen: ImageDraw.ImageDraw, side: int, primary: str, accent: str) -> None:
    width = side // 10
    size = int(side * 0.74)
    left, right = (0, side - size)
    top = (side - size) // 2
    pen.ellipse((left, top, left + size, top + size), outline=primary, width=width)
    pen.ellipse((right, top, right + size, top + size), outline=accent, width=width)
    # The first ring passes over the second on one side only, so that they are linked.
    box = (left, top, left + size, top + size)
    pen.arc(box, start=285, end=350, fill=primary, width=width)


def _bars(pen: ImageDraw.ImageDraw, side: int, primary: str, accent: str) -> None:
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 5, fill=primary)
    heights = (0.28, 0.46, 0.66)
    width, gap = side * 0.15, side * 0.085
    x = (side - 3 * width - 2 * gap) / 2
    for number, height in enumerate(heights):
        box = (x, side * 0.83 - side * height, x + width, side * 0.83)
        pen.rounded_rectangle(
            box, radius=width / 2, fill=accent if number == len(heights) - 1 else "#ffffff"
        )
        x += width + gap
