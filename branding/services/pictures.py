"""The pictures that a brand's hosts serve, made from what is stored and kept in memory.

What is kept is found by content alone, so that nothing of one partner's is found by another.
"""

from __future__ import annotations

from functools import lru_cache

from branding import images, social, storage
from branding.identity import Identity
from branding.palette import on_fill
from branding.services.theme import palette_of

ICON_SIDES = (180, 192, 512)


def icon_of(identity: Identity, side: int) -> bytes:
    """The brand's icon, else its letter on its colour."""
    return _sized(_icon(identity), side)


def favicon_of(identity: Identity) -> bytes:
    """The icon in one file of several sizes."""
    return _ico(_icon(identity))


def social_of(identity: Identity) -> bytes:
    """The picture of a link."""
    fill = _fill(identity)
    logo = storage.read_picture(identity.logo)
    return _social(identity.name, identity.letter, logo, fill, on_fill(fill))


def _icon(identity: Identity) -> bytes:
    stored = storage.read_picture(identity.icon)
    if stored is not None:
        return stored
    fill = _fill(identity)
    return _letter(identity.letter, fill, on_fill(fill), images.ICON_SIDE)


def _fill(identity: Identity) -> str:
    return palette_of(identity.primary, identity.accent).light["brand"]


_letter = lru_cache(maxsize=256)(images.letter_icon)
_sized = lru_cache(maxsize=256)(images.resized)
_ico = lru_cache(maxsize=256)(images.ico_of)
_social = lru_cache(maxsize=64)(social.social_image)
