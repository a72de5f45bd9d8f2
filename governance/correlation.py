"""Who is acting, through which door, and the id that ties together all that follows.

Set once where work enters (a request, a task, a command) and read where it is recorded.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from governance.actors import SYSTEM, Actor

DOORS = frozenset({"admin", "portal", "api", "task", "command", "webhook", "console", "code"})


@dataclass(frozen=True)
class Scope:
    """What every audit entry written inside it carries."""

    actor: Actor
    door: str
    correlation_id: str
    address: str = ""


_current: ContextVar[Scope | None] = ContextVar("governance_scope", default=None)


def new_id() -> str:
    """Return a fresh correlation id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@contextmanager
def scope(
    *, actor: Actor, door: str, correlation_id: str | None = None, address: str = ""
) -> Iterator[Scope]:
    """Act as `actor` until the block ends; scopes nest and the one before comes back.

    A `correlation_id` from outside is cut to 64 characters. Raises ValueError for a door
    that is not in `DOORS`.
    """
    if door not in DOORS:
        raise ValueError(f"{door!r} is no door; use one of {', '.join(sorted(DOORS))}.")
    entered = Scope(actor, door, (correlation_id or new_id())[:64], address[:64])
    token = _current.set(entered)
    try:
        yield entered
    finally:
        _current.reset(token)


def replace_actor(actor: Actor) -> None:
    """Act as `actor` for the rest of the innermost scope (once a token has been read).

    Raises RuntimeError outside any scope: there is nothing that would end it.
    """
    entered = _current.get()
    if entered is None:
        raise RuntimeError("No scope is open; enter one with scope().")
    _current.set(replace(entered, actor=actor))


def current() -> Scope:
    """Return the innermost scope; outside any, the system's, with an id of its own."""
    return _current.get() or Scope(SYSTEM, "code", new_id())
