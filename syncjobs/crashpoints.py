"""Named places where a test may kill, stop or break the process.

Armed by the environment at start: LIVERY_CRASH="name:action[:pass]" where action is kill, stop
or raise, and pass is the how-manieth time (1 by default). Not armed, `reach` costs one test of
a module global.

Names: intake.before_commit intake.after_commit deliver.after_claim deliver.before_write
deliver.after_write ledger.before_commit ledger.after_commit doorbell.after_clear
hook.before_commit hook.after_commit arrivals.before_commit
compare.before_commit reconcile.after_comparison
telling.after_claim telling.before_record telling.after_record
"""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

NAMES: Final = frozenset(
    {
        "intake.before_commit",
        "intake.after_commit",
        "deliver.after_claim",
        "deliver.before_write",
        "deliver.after_write",
        "ledger.before_commit",
        "ledger.after_commit",
        "doorbell.after_clear",
        "hook.before_commit",
        "hook.after_commit",
        "arrivals.before_commit",
        "compare.before_commit",
        "reconcile.after_comparison",
        "telling.after_claim",
        "telling.before_record",
        "telling.after_record",
    }
)


class CrashPoint(BaseException):
    """Raised at a point that was armed with "raise"; no boundary catches it."""


@dataclass
class _Armed:
    name: str
    action: str
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)


def parse(text: str) -> _Armed | None:
    """Read "name:action[:pass]"; None for nothing. Raises ValueError for a wrong one."""
    if not text:
        return None
    name, _, rest = text.partition(":")
    action, _, count = rest.partition(":")
    if name not in NAMES or action not in {"kill", "stop", "raise"}:
        raise ValueError(f"{text!r} is no crash point; names: {', '.join(sorted(NAMES))}.")
    return _Armed(name, action, int(count or 1))


def _from(environment: Mapping[str, str]) -> _Armed | None:
    return parse(environment.get("LIVERY_CRASH", ""))


Listener = Callable[[str], None]
_armed: _Armed | Listener | None = _from(os.environ)


def arm(text: str) -> None:
    """Arm (or, with "", disarm) a point in this process."""
    global _armed
    _armed = parse(text)


def listen(listener: Listener) -> None:
    """Tell a test of each point that this process passes, from any of its threads."""
    global _armed
    _armed = listener


def reach(name: str) -> None:
    """Pass the point `name`: nothing happens unless it is armed."""
    if _armed is not None:
        _pass(_armed, name)


def _pass(armed: _Armed | Listener, name: str) -> None:
    if not isinstance(armed, _Armed):
        armed(name)
    elif armed.name == name:
        _strike(armed)


def _strike(armed: _Armed) -> None:
    with armed.lock:
        armed.left -= 1
        if armed.left != 0:
            return
    if armed.action == "raise":
        raise CrashPoint(armed.name)
    # To this thread: sent to the process, it could run on for a moment until the signal lands.
    sign = signal.SIGKILL if armed.action == "kill" else signal.SIGSTOP
    signal.pthread_kill(threading.get_ident(), sign)
