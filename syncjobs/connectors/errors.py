"""The closed set of ways in which a call to a client's system can fail.

Policy (retry, park, ask a person) reads the class, never the message. The message is in
plain words, without secrets, and fit to show.
"""

from collections.abc import Mapping
from typing import ClassVar


class ConnectorError(Exception):
    """Base of the set. Raise one of the seven below, never this one.

    `status` is the HTTP status, 0 when there was no answer. `detail` is plain JSON,
    redacted. `retry_after` is in seconds, None when the system did not say. `maybe_done`: the
    same call again is safe by its key, but it may have taken effect: another one is not.
    """

    kind: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        detail: Mapping[str, object] | None = None,
        retry_after: float | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.detail: dict[str, object] = dict(detail or {})
        self.retry_after = retry_after
        self.maybe_done = maybe_done


class Transient(ConnectorError):
    """Nothing happened there, or repeating it is harmless: the same call may work later."""

    kind = "transient"


class RateLimited(ConnectorError):
    """The system asks for a pause; `retry_after` says how long when it told us."""

    kind = "rate_limited"


class Unknown(ConnectorError):
    """It may or may not have taken effect: look it up before any repeat."""

    kind = "unknown"


class Permanent(ConnectorError):
    """The same call will fail each time: the record is gone, or the call is not understood."""

    kind = "permanent"


class Config(ConnectorError):
    """The connection itself is wrong: address, credentials, rights."""

    kind = "config"


class Conflict(ConnectorError):
    """The record there has changed, or one with the same key exists already."""

    kind = "conflict"


class Rejected(ConnectorError):
    """The system refused the content by one of its rules; its own words are the message."""

    kind = "rejected"


ERRORS: tuple[type[ConnectorError], ...] = (
    Transient,
    RateLimited,
    Unknown,
    Permanent,
    Config,
    Conflict,
    Rejected,
)
