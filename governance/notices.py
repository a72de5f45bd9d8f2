"""Who wants to hear that a change waits for signatures: higher apps register at start-up."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.models import ChangeRequest

Listener = Callable[["ChangeRequest"], None]
_listeners: list[Listener] = []


def register_listener(listener: Listener) -> None:
    """Let `listener` hear of every request that was submitted or edited, in its transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_waiting(request: "ChangeRequest") -> None:
    """Say that this request waits for signatures under its present content."""
    for listener in _listeners:
        listener(request)
