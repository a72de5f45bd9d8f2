"""Tells the layer above that something of a mapping went live, in the same transaction."""

from collections.abc import Callable
from typing import Literal

Kind = Literal["mapping", "value_map"]
Listener = Callable[[Kind, str, int | None], None]
_listeners: list[Listener] = []


def register_listener(listener: Listener) -> None:
    """Let `listener(kind, name, client_id)` know; from AppConfig.ready(). One only.

    name: a mapping's slug or a value map's name. client_id None: it holds for every client.
    """
    _listeners[:] = [listener]


def went_live(kind: Kind, name: str, client_id: int | None) -> None:
    """Tell that a version of a mapping, or a table of a value map, is the live one now."""
    for listener in _listeners:
        listener(kind, name, client_id)
