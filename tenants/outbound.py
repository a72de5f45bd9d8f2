"""The way down to guarded calls: the layer above registers its HTTP client here at start-up.

Addresses are checked and pinned there, nothing is followed or retried, answers are capped.
"""

from collections.abc import Callable, Mapping

# (method, address, headers, body) -> (status, body)
Caller = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, bytes]]
_callers: list[Caller] = []


class CallFailed(Exception):
    """No whole answer came; the message says why, without secrets."""


def register_caller(caller: Caller) -> None:
    """Let `caller` make every call. One only."""
    if _callers:
        raise RuntimeError("A caller is registered already.")
    _callers.append(caller)


def call(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    """Return the status and body of one call. Raises CallFailed."""
    if not _callers:
        raise CallFailed("This process makes no calls.")
    return _callers[0](method, url, headers, body)
