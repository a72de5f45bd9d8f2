"""Who wants to hear that a change waits for signatures: higher apps register at start-up."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from governance.state import Move

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


Mention = Callable[["ChangeRequest", str, str], None]
_mentions: list[Mention] = []


def register_mentions(mention: Mention) -> None:
    """Let `mention` tell those whom a comment names: (request, who says it, the words)."""
    if mention not in _mentions:
        _mentions.append(mention)


def tell_mentioned(request: "ChangeRequest", author: str, words: str) -> None:
    """Say that somebody commented on this request, naming people."""
    for mention in _mentions:
        mention(request, author, words)


Mover = Callable[["ChangeRequest", Move], None]
_movers: list[Mover] = []


def register_mover(mover: Mover) -> None:
    """Let `mover` hear of every step of a request, in its transaction."""
    if mover not in _movers:
        _movers.append(mover)


def tell_moved(request: "ChangeRequest", move: Move) -> None:
    """Say that this request has taken a step; its new status is set and not saved yet."""
    for mover in _movers:
        mover(request, move)
