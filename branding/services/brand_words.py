"""A brand's values as people read them in a difference."""

import io
from collections.abc import Mapping

from PIL import Image

from branding.models import Brand
from branding.storage import picture_version, read_picture

_PICTURES = frozenset({"logo", "icon"})


def labels() -> dict[str, str]:
    """Each value's field as people read it."""
    found = {field.name: str(field.verbose_name) for field in Brand._meta.fields}
    return found | {"icon_given": "icon given by itself"}


def labels_in(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The labels of the values in which two versions differ; none for a first version."""
    if not before:
        return []
    known = {field.name: str(field.verbose_name) for field in Brand._meta.fields}
    names = [name for name, value in after.items() if value != before.get(name)]
    return list(dict.fromkeys(known[name] for name in names))


def line_of(name: str, value: object) -> str:
    """One value with its label: colours as #rrggbb, pictures by name and size."""
    return f"{labels()[name].capitalize()}: {_words(name, value)}"


def _words(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not value:
        return "none"
    return picture_words(str(value)) if name in _PICTURES else str(value)


def picture_words(stored: str) -> str:
    """A stored picture as its number and size; only its number when the file is gone."""
    number = f"picture {picture_version(stored)}"
    content = read_picture(stored)
    if content is None:
        return f"{number}, which is not there"
    with Image.open(io.BytesIO(content)) as picture:
        return f"{number}, {picture.width} × {picture.height} pixels"
