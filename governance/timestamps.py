"""Anchors with a time stamp of an authority (RFC 3161), kept beside the others in the folder.

The authority signs the hash of the anchor together with its own time: who rewrites the trail can't
have it signed for a time that is past.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings

from governance import anchors
from governance.sinks import AnchorLine, Sink, SinkFailed

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

logger = logging.getLogger(__name__)

NAME: Final = "timestamp"
_SECONDS: Final = (5, 10)
_MOST_BYTES: Final = 64 * 1024
_UNREACHABLE: Final = "The time stamp authority could not be reached."


def write(line: AnchorLine) -> str:
    """Have an anchor stamped, check the stamp, and add both to the folder. Raises SinkFailed."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    asked = TimestampRequestBuilder(line.text.encode(), HashAlgorithm.SHA256).build()
    answer = _post(asked.as_bytes())
    try:
        stamp = decode_timestamp_response(answer)
    except ValueError as error:
        logger.warning("The authority's answer is no time stamp: %s", error)
        raise SinkFailed("What the time stamp authority sent is no time stamp.") from error
    _check(asked, stamp, line.text.encode())
    told = base64.b64encode(answer).decode()
    try:
        anchors.append_line(line.trail, line.as_json(timestamp=told))
    except OSError as error:
        logger.warning("The time stamp cannot be written: %s", error)
        raise SinkFailed("The folder of anchors cannot be written.") from error
    return f"time stamp of {stamp.tst_info.gen_time:%Y-%m-%d %H:%M:%S} UTC"


def is_active() -> bool:
    """Say whether an authority is named."""
    return bool(settings.TIMESTAMPS.url)


def authority() -> str:
    """Return the authority's host: its address may hold a password."""
    return urlsplit(settings.TIMESTAMPS.url).hostname or ""


def trusted_roots() -> list[Certificate]:
    """Return the certificates that stamps must lead to. Raises SinkFailed for a bad file."""
    from cryptography.x509 import load_pem_x509_certificates

    name = settings.TIMESTAMPS.roots
    if not name:
        return []
    try:
        return load_pem_x509_certificates(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        logger.warning("LIVERY_TIMESTAMP_ROOTS cannot be read: %s", error)
        raise SinkFailed("The file of trusted time stamp certificates cannot be read.") from error


def problem_of(stored: object, text: str) -> str:
    """Return what is wrong with a stamp that was kept for a text, "" for nothing.

    stored: base64, or whatever somebody wrote in its place. Without trusted roots only that it is
    of this text is looked at.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    if not isinstance(stored, str):
        return "is no time stamp"
    try:
        stamp = decode_timestamp_response(base64.b64decode(stored))
        if stamp.tst_info.message_imprint.message != hashlib.sha256(text.encode()).digest():
            return "is of another text"
        if roots := trusted_roots():
            VerifierBuilder(roots=roots).build().verify_message(stamp, text.encode())
    except SinkFailed as error:
        return f"cannot be checked: {error}"
    except (VerificationError, ValueError):
        return "is not by an authority that is trusted here, or was altered"
    return ""


def _post(content: bytes) -> bytes:
    """Ask the authority, itself: neither proxies nor passwords come from the environment. Nothing
    is followed elsewhere, and no long answer is read."""
    kind = {"Content-Type": "application/timestamp-query"}
    url = settings.TIMESTAMPS.url
    try:
        with (
            _session() as session,
            session.post(
                url, content, headers=kind, timeout=_SECONDS, allow_redirects=False, stream=True
            ) as answer,
        ):
            if answer.status_code != requests.codes.ok:
                logger.warning("%s answers %s", authority(), answer.status_code)
                raise SinkFailed(f"The time stamp authority answered {answer.status_code}.")
            told = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        # Its text names the address.
        logger.warning("%s cannot be reached: %s", authority(), type(error).__name__)
        raise SinkFailed(_UNREACHABLE) from error
    if len(told) > _MOST_BYTES:
        raise SinkFailed("What the time stamp authority sent is too long.")
    return bytes(told)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _check(asked: TimeStampRequest, stamp: TimeStampResponse, message: bytes) -> None:
    """Refuse a stamp that is not the answer: of another text, another request, another signer."""
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        if roots := trusted_roots():
            builder = VerifierBuilder.from_request(asked)
            for root in roots:
                builder = builder.add_root_certificate(root)
            builder.build().verify_message(stamp, message)
            return
        told = stamp.tst_info
        right = stamp.status == 0 and told.nonce == asked.nonce
        if not right or told.message_imprint.message != asked.message_imprint.message:
            raise SinkFailed("The time stamp authority stamped something else.")
    except (VerificationError, ValueError) as error:
        logger.warning("A time stamp was refused: %s", error)
        raise SinkFailed("The time stamp is not by an authority that is trusted here.") from error


TIMESTAMP: Final = Sink(
    name=NAME,
    label="Time stamp",
    every=lambda: timedelta(minutes=settings.TIMESTAMPS.minutes),
    is_active=is_active,
    write=write,
)
