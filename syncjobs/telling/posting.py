"""Posts one message: signed, once, through the guarded door that connectors use."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syncjobs.connectors.egress import AddressRefused, EgressRules, NameNotFound
from syncjobs.connectors.errors import ConnectorError
from syncjobs.connectors.http import HttpClient, Limits, Request
from syncjobs.signatures import sign
from tenants.egress import rules_from_settings

# Whole: shorter than the lease that a worker holds on an endpoint.
LIMITS: Final = Limits(connect=5, read=15, whole=20, max_bytes=64 * 1024)
GONE: Final = 410
# One text for both: what names mean inside, and whether they are there, is nobody's to read here.
NOT_CALLED: Final = (
    "Its address cannot be called: it must start with https:// and lead to public addresses only."
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one attempt. `status` is 0 when no answer came; `error` says why it failed.

    Nothing of the answer's body is kept: nobody can read another system through it.
    """

    status: int
    error: str
    milliseconds: int
    retry_after: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether the receiver took it."""
        return 200 <= self.status < 300


def headers_of(message_id: str, body: bytes, *, secrets: Sequence[str], now: int) -> dict[str, str]:
    """Return the headers of an attempt, signed with each secret that counts now."""
    signatures = [sign(one, message_id=message_id, timestamp=now, body=body) for one in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }


def rules_of(*, is_ours: bool) -> EgressRules:
    """Return where messages may go: the private networks that an operator opened are for the
    partner's staff, who connect systems there, and not for what a client's people enter."""
    return rules_from_settings() if is_ours else EgressRules()


def post(client: HttpClient, url: str, headers: dict[str, str], body: bytes) -> Posted:
    """Make one attempt. A redirect is an answer as any other: it is not followed."""
    started = time.monotonic()

    def posted(status: int, error: str, retry_after: str = "") -> Posted:
        milliseconds = round((time.monotonic() - started) * 1000)
        return Posted(status, error[:300], milliseconds, retry_after)

    try:
        answer = client.send(Request(method="POST", url=url, headers=headers, body=body))
    except ConnectorError as error:
        # A status without a whole answer: what the receiver thinks of it is not known.
        is_refused = isinstance(error.__context__, AddressRefused | NameNotFound)
        return posted(0, NOT_CALLED if is_refused else str(error))
    status = answer.status
    if 200 <= status < 300:
        return posted(status, "")
    said = "It answered with a redirect, which is not followed." if 300 <= status < 400 else ""
    return posted(status, said or f"It answered {status}.", answer.headers.get("Retry-After", ""))
