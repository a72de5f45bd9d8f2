"""The one door through which connectors call client systems.

One session per open connector: kept alive, time-outs, addresses checked and pinned, no
redirects, no proxies and no cookies, answers capped in size and time, no retries, every
call counted and logged without its content.
"""

import http.cookiejar
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity
from requests_hardened import Config as HardenedConfig
from requests_hardened import HTTPSession
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from syncjobs.connectors.base import Budget
from syncjobs.connectors.egress import PinnedAdapter
from syncjobs.connectors.errors import ConnectorError, Permanent
from syncjobs.connectors.outcomes import Effect, from_bad_body, from_exception
from tenants.egress import EgressRules, rules_from_settings

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
WHOLE_SECONDS: Final = 120.0
MAX_BYTES: Final = 32 * 1024 * 1024
# As many calls as a client may have in flight, and a reading beside them.
POOL_SIZE: Final = 33
_PART_BYTES: Final = 64 * 1024
USER_AGENT: Final = "integration/1.0"
_ALWAYS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": USER_AGENT,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its headers and its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_html(self) -> bool:
        """Say whether this is a web page, by its type or by its first character."""
        kind = self.headers.get("Content-Type", "").lower()
        return "html" in kind or self.body[:64].lstrip()[:1] == b"<"


@dataclass(slots=True)
class Counts:
    """What went over the wire since the session was made."""

    calls: int = 0
    failed: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `params` are pairs, because some systems want a name several times."""

    method: str
    url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    effect: Effect = Effect.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much one call may take."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    whole: float = WHOLE_SECONDS
    max_bytes: int = MAX_BYTES


def make_session(rules: EgressRules, limits: Limits) -> requests.Session:
    """Return a session that calls permitted addresses only and keeps nothing between calls."""
    session: requests.Session = HTTPSession(
        HardenedConfig(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(limits.connect, limits.read),
            user_agent_override=USER_AGENT,
        )
    )
    session.trust_env = False
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        adapter = PinnedAdapter(rules, pool_size=POOL_SIZE, whole=limits.whole)
        session.mount(scheme, adapter)
    return session


def prepared(request: Request) -> requests.PreparedRequest:
    """Return a call ready for the session's adapter.

    The session would merge cookies, proxies, hooks and redirects into each call, of which ours
    have none: that costs as much as sending it. Headers are checked as it checks them.
    """
    headers = CaseInsensitiveDict(_ALWAYS)
    for pair in (request.headers or {}).items():
        check_header_validity(pair)
        headers[pair[0]] = _sendable(pair[1])
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    elif request.method not in {"GET", "HEAD"}:
        headers["Content-Length"] = "0"
    made = requests.PreparedRequest()
    made.method, made.body, made.headers = request.method, request.body, headers
    made.url = _whole_url(request.url, tuple(request.params))
    made.hooks = default_hooks()
    return made


def _sendable(value: str) -> str:
    """Return a header's value. It may be the system's own, such as a token or a version.

    Raises InvalidHeader for signs that no header can carry.
    """
    if not value.isascii():
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            raise requests.exceptions.InvalidHeader("A header has other letters.") from None
    return value


@lru_cache(maxsize=1_024)
def _whole_url(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """Return the address as `requests` writes it; most writes go to a few addresses."""
    made = requests.PreparedRequest()
    made.prepare_url(url, list(params) or None)
    return str(made.url)


class HttpClient:
    """Sends calls and counts them. Safe to use from several threads."""

    def __init__(
        self,
        *,
        rules: EgressRules | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._session = make_session(rules or rules_from_settings(), self._limits)
        self._timeout = (self._limits.connect, self._limits.read)
        self._budget = budget
        self._lock = threading.Lock()
        self.counts = Counts()

    def close(self) -> None:
        """Close what is kept alive."""
        self._session.close()

    def send(self, request: Request) -> Answer:
        """Send one call and return its answer, whatever the status.

        Raises a ConnectorError when no whole answer came.
        """
        if self._budget is not None:
            self._budget.take()
        started = time.monotonic()
        status, size = 0, 0
        try:
            answer = self._exchange(request, started)
            status, size = answer.status, len(answer.body)
            return answer
        except ConnectorError as error:
            status = error.status
            raise
        except requests.RequestException as error:
            host = urlsplit(request.url).hostname or "The system"
            raise from_exception(error, request.effect, host) from None
        finally:
            self._count(request, status, size, time.monotonic() - started)

    def _exchange(self, request: Request, started: float) -> Answer:
        response = self._session.get_adapter(request.url).send(
            prepared(request),
            stream=True,
            timeout=self._timeout,
            verify=self._session.verify is None or self._session.verify,
            proxies={},
        )
        raw: HTTPResponse = response.raw
        try:
            body = self._body(raw, request.effect, started)
        except BaseException:
            raw.close()  # what is left of the answer must not meet the next call
            raise
        finally:
            raw.release_conn()
        return Answer(response.status_code, response.headers, body)

    def _body(self, raw: HTTPResponse, effect: Effect, started: float) -> bytes:
        """Read what arrives, as it arrives: an answer that drips must not hold a worker."""
        parts: list[bytes] = []
        size, status = 0, raw.status
        try:
            while part := raw.read1(_PART_BYTES, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > self._limits.max_bytes:
                    limit = self._limits.max_bytes // (1024 * 1024)
                    raise Permanent(
                        f"The answer is larger than {limit} MB; ask for smaller pages.",
                        status=status,
                    )
                if time.monotonic() - started > self._limits.whole:
                    raise from_bad_body("The answer took too long", status, effect)
        except HTTPError as error:
            raise from_bad_body("The answer ended early", status, effect) from error
        return b"".join(parts)

    def _count(self, request: Request, status: int, size: int, seconds: float) -> None:
        with self._lock:
            self.counts.calls += 1
            self.counts.failed += status == 0 or status >= 400
            self.counts.bytes_out += len(request.body or b"")
            self.counts.bytes_in += size
            self.counts.seconds += seconds
        if not logger.isEnabledFor(logging.DEBUG):
            return
        parts = urlsplit(request.url)
        facts: dict[str, Any] = {
            "method": request.method,
            "host": parts.hostname,
            "path": parts.path,
            "status": status,
            "milliseconds": round(seconds * 1000),
            "bytes": size,
        }
        logger.debug("call %(method)s %(host)s%(path)s %(status)s in %(milliseconds)s ms", facts)
