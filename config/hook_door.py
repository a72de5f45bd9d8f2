"""The short way of webhooks, in front of Django: what came to a known address is kept by one
statement and acknowledged.

An address is known here once Django has acknowledged a message for it. Nothing that is known is
trusted: the statement keeps a message only where host, partner, address, secrets and stream are
still what they were. Whatever is not so, or not plain, goes the usual way, which finds out what
there is to say; so this door has one answer only, and it is the usual one's with another
message's id (docs/decisions/0014).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections

from config.middleware import HOOK, host_of
from governance import correlation
from governance.actors import ANONYMOUS
from syncjobs.intake.messages import HookAddress
from syncjobs.pages.webhooks import Acknowledged, acknowledgement
from syncjobs.services.webhooks import LONGEST_BODY, Received, receive_known
from syncjobs.signatures import HEADERS

logger = logging.getLogger(__name__)
_MOST: Final = 2_000
_SIGNED: Final = {name: "HTTP_" + name.upper().replace("-", "_") for name in HEADERS}
_OWN_HEADERS: Final = frozenset({"X-Request-ID", "Content-Length"})


@dataclass(frozen=True, slots=True)
class _Known:
    """An address, the host that it was sent to, and the headers of its answers but for those
    of each one's own."""

    hook: HookAddress
    host: str
    headers: list[tuple[str, str]]


_known: dict[tuple[str, ...], _Known] = {}


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
    """Keep and acknowledge a message; None where it takes the usual way."""
    known = _known.get(_place(environ)) if _is_plain(environ) else None
    if known is None:
        return None
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    with correlation.scope(actor=ANONYMOUS, door="webhook") as scope:
        received = _received(known, environ, body)
        if received is None:
            environ["wsgi.input"] = BytesIO(body)
            return None
        content = acknowledgement(received)
    own = [("X-Request-ID", scope.correlation_id), ("Content-Length", str(len(content)))]
    start_response("202 Accepted", [*known.headers, *own])
    return [content]


def remember(environ: WSGIEnvironment, response: Iterable[bytes]) -> Iterable[bytes]:
    """Remember the address of a message that the usual way has acknowledged; return its answer."""
    if isinstance(response, Acknowledged) and _is_plain(environ):
        if len(_known) >= _MOST:
            _known.clear()
        headers = [one for one in response.items() if one[0] not in _OWN_HEADERS]
        host = host_of(WSGIRequest(environ))
        _known[_place(environ)] = _Known(response.received.hook, host, headers)
    return response


def _place(environ: WSGIEnvironment) -> tuple[str, ...]:
    """Return what decides who answers, and with which headers."""
    scheme = environ["wsgi.url_scheme"], environ.get("HTTP_X_FORWARDED_PROTO", "")
    return (*scheme, environ.get("HTTP_HOST", ""), environ["PATH_INFO"])


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Say whether it is a message as systems send them: no cookies, no query, a told length."""
    if environ.get("REQUEST_METHOD") != "POST" or HOOK.fullmatch(environ["PATH_INFO"]) is None:
        return False
    if environ.get("QUERY_STRING") or environ.get("HTTP_COOKIE") or environ.get("SCRIPT_NAME"):
        return False
    length = environ.get("CONTENT_LENGTH", "")
    return length.isascii() and length.isdigit() and int(length) <= LONGEST_BODY


def _received(known: _Known, environ: WSGIEnvironment, body: bytes) -> Received | None:
    headers = {name: environ.get(place, "") for name, place in _SIGNED.items()}
    own = connections[DEFAULT_DB_ALIAS]
    own.close_if_unusable_or_obsolete()
    if own.connection is None:
        return None  # made by the usual way, which also says what hinders it
    # The statement itself finds out that a kept connection has died; the usual way makes another.
    own.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
    own.set_schema(known.hook.schema)  # type: ignore[attr-defined]  # the tenant backend's
    try:
        return receive_known(known.hook, known.host, headers, body)
    except Exception:
        logger.exception("A message could not be kept by the short way; it takes the usual one")
        return None
    finally:
        own.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's


def forget() -> None:
    """Know no address any more."""
    _known.clear()
