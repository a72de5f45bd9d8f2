"""Signatures of webhooks by the Standard Webhooks specification, symmetric (v1). Pure.

What is signed is "message id.timestamp.body". A header may carry several signatures and an
address several secrets, so that either side changes its secret without a gap.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
PREFIX: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
_SECRET_BYTES: Final = 32
_ALLOWED_BYTES: Final = range(24, 65)
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_\-:]{1,120}")
_MOST_SIGNATURES: Final = 10


class BadSignature(Exception):
    """The message is not from who has a secret, or it is too old; says no more than that."""


def new_secret() -> str:
    """Make a secret from the system's random source, as the specification writes it."""
    return PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature: "v1," and the base64 of the HMAC. Raises ValueError, bad secret."""
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.digest(_key(secret), content, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: float) -> str:
    """Return the message's id when one of `secrets` signed it within five minutes of `now`.

    `headers` by lower-case name. Raises BadSignature.
    """
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not _MESSAGE_ID.fullmatch(message_id) or not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise BadSignature("The headers webhook-id and webhook-timestamp are missing or wrong.")
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignature("The message is older than five minutes, or the clocks differ.")
    given = headers.get("webhook-signature", "").split(" ")[:_MOST_SIGNATURES]
    expected = [
        sign(one, message_id=message_id, timestamp=int(stamp), body=body) for one in secrets
    ]
    # Every pair is compared, so that the time says nothing about which one fits.
    fits = [
        hmac.compare_digest(mine.encode(), theirs.encode()) for mine in expected for theirs in given
    ]
    if not any(fits):
        raise BadSignature("The signature does not fit the message.")
    return message_id


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("A webhook's secret is base64 text.") from error
    if len(key) not in _ALLOWED_BYTES:
        raise ValueError("A webhook's secret has 24 to 64 bytes.")
    return key
