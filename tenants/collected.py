"""Whether the files that pages name (styles, scripts, pictures) are where they are served from.

In production they are served under names with a hash of their content, from copies that
`manage.py collectstatic` makes. Without those no page can be made, and with those of an earlier
version some can't.
"""

import filecmp
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured

TO_DO: Final = "Run manage.py collectstatic --noinput, then start the web process again."


def uncollected() -> list[str]:
    """Return the files whose copy is missing or another; none where no copies are served."""
    if not settings.STATIC_ROOT:
        return []
    root = Path(settings.STATIC_ROOT)
    found: dict[str, Path] = {}
    for finder in get_finders():
        for name, storage in finder.list([]):
            found.setdefault(name, Path(storage.path(name)))  # the first one is served
    return sorted(name for name, source in found.items() if not _same(source, root / name))


def refuse_uncollected() -> None:
    """Raise ImproperlyConfigured, with what to do, where a copy is missing or another."""
    if names := uncollected():
        raise ImproperlyConfigured(f"{told(names)} {TO_DO}")


def told(names: list[str]) -> str:
    """Say what is not collected."""
    return f"{len(names)} files that pages need are not collected, such as {names[0]}."


def _same(source: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(source, copy, shallow=False)
