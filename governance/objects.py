"""What the audit trail calls things, in plain words. Each app registers its own kinds of object
in `<app>/actions.py`, beside what can happen to them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from governance.actions import worded
from governance.appliers import governed_kinds

DOORS: Final = MappingProxyType(
    {
        "admin": "Staff pages",
        "portal": "Portal",
        "api": "API",
        "task": "Background work",
        "command": "Command on the server",
        "webhook": "Webhook",
        "console": "Operators' pages",
        "code": "The system itself",
    }
)
_known: dict[str, str] = {}


def register_objects(words: Mapping[str, str]) -> None:
    """Say how people read kinds of object, such as {"api_token": "API token"}."""
    _known.update(words)


def door_words(door: str) -> str:
    """Return how people read a door."""
    return DOORS.get(door, door)


def object_words(kind: str) -> str:
    """Return how people read a kind of object; entries may outlive the code that wrote them."""
    found = governed_kinds().get(kind) or _known.get(kind)
    return worded(found) if found else kind.replace("_", " ").capitalize()


def known_objects() -> list[tuple[str, str]]:
    """Return every kind with its words, by these."""
    kinds = {*governed_kinds(), *_known}
    return sorted(((kind, object_words(kind)) for kind in kinds), key=lambda one: one[1])
