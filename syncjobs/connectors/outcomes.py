"""Turns an HTTP answer, or the lack of one, into one of the closed set of errors."""

import email.utils
import math
import re
import time
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Final

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from syncjobs.connectors.egress import AddressRefused, NameNotFound
from syncjobs.connectors.errors import (
    Config,
    Conflict,
    ConnectorError,
    Permanent,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)

LONGEST_PAUSE: Final = 3600.0
# What TLS says when it could not even begin.
_HANDSHAKE = re.compile("wrong_version|record_layer|handshake|unsupported_protocol|no_protocols")
_LONGEST_MESSAGE: Final = 500


class Effect(Enum):
    """What repeating a call would do."""

    NONE = "none"  # it only reads
    SAME = "same"  # it sets one known record to the same content again
    KEYED = "keyed"  # the target drops a repeat by its idempotency key
    TWICE = "twice"  # it would take effect a second time


def from_exception(error: Exception, effect: Effect, host: str) -> ConnectorError:
    """Classify a call that brought no answer.

    Before the request left, nothing can have happened: Transient. After, a write that is
    not harmless to repeat is Unknown.
    """
    if isinstance(error, AddressRefused):
        return Config(str(error))
    if isinstance(error, requests.exceptions.InvalidURL):
        return Config("The address has characters that cannot be sent.")
    if isinstance(error, requests.exceptions.InvalidHeader):
        return Config("A credential has characters that cannot be sent.")
    if isinstance(error, NameNotFound):
        return Transient(f"{error} It may be misspelt, or name resolution may be down.")
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in _cause_text(error):
        return Config(f"The certificate of {host} is not valid, so nothing was sent.")
    if isinstance(error, requests.exceptions.SSLError) and _HANDSHAKE.search(_cause_text(error)):
        return Config(f"{host} does not speak HTTPS there, so nothing was sent.")
    if _never_left(error):
        return Transient(f"{host} could not be reached.")
    timed_out = isinstance(error, requests.Timeout)
    what = "did not answer in time" if timed_out else "closed the connection without an answer"
    return _unanswered(f"{host} {what}", effect)


def _never_left(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    return isinstance(_cause(error), NewConnectionError | ConnectTimeoutError)


def _cause(error: Exception) -> object:
    cause = error.args[0] if error.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _cause_text(error: Exception) -> str:
    return repr(_cause(error)).lower()


def _unanswered(what: str, effect: Effect, status: int = 0) -> ConnectorError:
    if effect in {Effect.NONE, Effect.SAME}:
        return Transient(f"{what}.", status=status)
    return Unknown(f"{what}; the write may have taken effect.", status=status)


def from_bad_body(problem: str, status: int, effect: Effect) -> ConnectorError:
    """Classify an answer with a good status whose body is not what was due."""
    return _unanswered(problem.rstrip("."), effect, status)


def from_status(
    status: int,
    headers: Mapping[str, str],
    effect: Effect,
    *,
    message: str = "",
    detail: Mapping[str, object] | None = None,
) -> ConnectorError:
    """Classify an answer of status 300 or more; `message` is in the vendor's words."""
    words = message.strip()[:_LONGEST_MESSAGE]
    pause = retry_after(headers)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = words or "The system asks for a pause"
        return RateLimited(text, status=status, detail=detail, retry_after=pause)
    if status in _MAYBE_DONE or 502 <= status < 600:
        return _server_failed(status, words, effect, detail, pause)
    kind, default = _BY_STATUS.get(status, (Permanent, "The call was not understood"))
    if 300 <= status < 400:
        kind, default = Config, "The address sends callers elsewhere; enter the final address"
        words = ""
    return kind(words or f"{default} ({status}).", status=status, detail=detail)


_MAYBE_DONE: Final = frozenset({408, 425, 500})
_BY_STATUS: Final[dict[int, tuple[type[ConnectorError], str]]] = {
    400: (Rejected, "The system refused the content"),
    401: (Config, "The system refused the credentials"),
    402: (Config, "The system asks for a payment or a licence"),
    403: (Config, "The credentials lack the right to do this"),
    404: (Permanent, "There is no such record or address"),
    407: (Config, "A proxy asks for credentials"),
    409: (Conflict, "The record clashes with one that is there"),
    410: (Permanent, "The record is gone"),
    412: (Conflict, "The record has changed in the meantime"),
    422: (Rejected, "The system refused the content"),
    428: (Conflict, "The system wants to know which version this changes"),
}


def _server_failed(
    status: int,
    words: str,
    effect: Effect,
    detail: Mapping[str, object] | None,
    pause: float | None,
) -> ConnectorError:
    """A failing server may have done the work first: only a keyed or harmless call is safe."""
    text = words or f"The system failed ({status})"
    if effect is Effect.TWICE:
        text = f"{text.rstrip('.')}; the write may have taken effect."
        return Unknown(text, status=status, detail=detail, retry_after=pause)
    keyed = effect is Effect.KEYED
    return Transient(text, status=status, detail=detail, retry_after=pause, maybe_done=keyed)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After`, given as seconds or as an HTTP date; None when absent.

    A date is taken against the answer's own `Date`, so that a wrong clock there does not
    matter. Never negative, never more than an hour.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return min(float(text), LONGEST_PAUSE)
    until = _timestamp(text)
    if until is None:
        return None
    now = _timestamp(headers.get("Date", "")) or time.time()
    return min(max(math.ceil(until - now), 0), LONGEST_PAUSE)


def _timestamp(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
