"""The brand's logo at the head of a mail: where it is loaded from, and how large it is shown."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from branding.models import Brand
from branding.services.identity import identity_of
from branding.storage import read_picture
from tenants.context import current_schema
from tenants.hosts import base_url

MOST_WIDE, MOST_HIGH = 220, 40


@dataclass(frozen=True, slots=True)
class Logo:
    """An address that a mail program can load, and the size in pixels."""

    address: str
    width: int
    height: int


def live_logo() -> Logo | None:
    """The live brand's, at the absolute address of a host: a mail is opened elsewhere."""
    if current_schema() == "public":
        return None
    brand = Brand.objects.filter(state=Brand.State.LIVE).first()
    picture = read_picture(brand.logo) if brand else None
    if brand is None or picture is None:
        return None
    address = base_url(current_schema(), "portal") + identity_of(brand).logo_url
    return Logo(address, *fitted(picture))


def inline_logo(brand: Brand) -> Logo | None:
    """A draft's, within the page itself: nobody else can load it yet."""
    picture = read_picture(brand.logo)
    if picture is None:
        return None
    return Logo(f"data:image/png;base64,{b64encode(picture).decode()}", *fitted(picture))


def fitted(picture: bytes) -> tuple[int, int]:
    """Width and height that keep the picture's shape within what a mail has room for."""
    width, height = Image.open(BytesIO(picture)).size
    scale = min(MOST_WIDE / width, MOST_HIGH / height, 1)
    return max(1, round(width * scale)), max(1, round(height * scale))
