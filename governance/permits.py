"""Leave to alter a governed object: given by an approved change to exactly that object.

Services that write governed rows ask `require_permit` first. Only applying a change gives
leave, and being new: what did not exist yet may be laid down as a partner is set up. So no
form, import, command or upgrade finds a way around change control.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from governance.actors import Actor
from governance.errors import Ungoverned

_open: ContextVar[frozenset[tuple[str, str]]] = ContextVar("open_permits", default=frozenset())
_SETTING_UP: Final = frozenset({"system", "command", "operator", "task"})


@contextmanager
def permit(kind: str, target_id: str) -> Iterator[None]:
    """Let the code inside alter this object. Only `services.applying` enters it."""
    with _opened((kind, target_id)):
        yield


def is_permitted(kind: str, target_id: object) -> bool:
    """Say whether an approved change of this very object is being applied."""
    return (kind, str(target_id)) in _open.get()


def require_permit(kind: str, target_id: object) -> None:
    """Raise Ungoverned unless an approved change of this very object is being applied."""
    if not is_permitted(kind, target_id):
        raise Ungoverned("This changes through an approved change request only. Propose it.")


@contextmanager
def laying_down(actor: Actor, kind: str, target_id: object) -> Iterator[None]:
    """Let an object that did not exist come into being with its first content: as a partner is
    set up, or along with something else that was approved. Raises Ungoverned for anybody else."""
    if actor.kind not in _SETTING_UP and not _open.get():
        raise Ungoverned("This is made by an approved change request only. Propose it.")
    with _opened((kind, str(target_id))):
        yield


@contextmanager
def _opened(one: tuple[str, str]) -> Iterator[None]:
    token = _open.set(_open.get() | {one})
    try:
        yield
    finally:
        _open.reset(token)
