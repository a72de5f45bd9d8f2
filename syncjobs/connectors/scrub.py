"""Keeps a connection's own secrets out of messages, previews and stored answers."""

import base64
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

import msgspec

from governance.redaction import REDACTED, redact_mapping
from syncjobs.connectors.errors import ConnectorError

_SHORTEST = 4
# Of an answer; what is kept of each attempt is for people to read.
_LONGEST_KEPT = 256 * 1024
_ENCODER = msgspec.json.Encoder()


class Scrubber:
    """Removes given secrets wherever they turn up, and fields whose names look secret."""

    def __init__(self, secrets: Iterable[object]) -> None:
        self._learn(_spellings(str(secret) for secret in secrets if secret))

    def also(self, secret: str) -> None:
        """Learn another secret, such as an access token that was just issued."""
        if secret not in self._spellings:
            more = (*self._spellings, *_spellings([secret]))
            self._learn(tuple(sorted(more, key=len, reverse=True)))

    def _learn(self, spellings: tuple[str, ...]) -> None:
        self._spellings = spellings
        self._encoded = [one.encode() for one in spellings]

    def text(self, text: str) -> str:
        """Return `text` without the secrets, however they were quoted."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, REDACTED)
        return text

    def data(self, data: Mapping[str, object]) -> dict[str, object]:
        """Return plain JSON without the secrets."""
        return self._clean(data, _encoded(data))

    def answer(self, data: object) -> dict[str, object]:
        """Return of an answer what is kept: nothing that is not an object, or that is huge."""
        if not isinstance(data, dict):
            return {}
        whole = _ENCODER.encode(data)
        if len(whole) > _LONGEST_KEPT:
            size = len(whole) // 1024
            return {"left_out": f"The answer has {size} kB, too much to be kept."}
        return self._clean(data, whole)

    def _clean(self, data: Mapping[str, object], whole: bytes) -> dict[str, object]:
        redacted = redact_mapping(data, encoded=whole)
        if not self._may_hold(whole):
            return redacted
        cleaned = self._walk(redacted)
        return cleaned if isinstance(cleaned, dict) else {}

    def _may_hold(self, whole: bytes) -> bool:
        """Say whether any secret may be in there: one search of the whole text for each.

        A text with a sign that JSON writes otherwise is looked at part by part.
        """
        return b"\\" in whole or any(map(whole.__contains__, self._encoded))

    def error(self, error: ConnectorError) -> ConnectorError:
        """Clean an error in place and return it."""
        error.message = self.text(error.message)
        error.args = (error.message,)
        error.detail = self.data(error.detail)
        return error

    def _walk(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        return value


def _spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Each secret as it is, as it stands in an address, and in base64; longest first."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) < _SHORTEST:
            continue
        encoded = base64.b64encode(secret.encode()).decode()
        found |= {secret, quote(secret, safe=""), quote_plus(secret), encoded.rstrip("=")}
    return tuple(sorted(found, key=len, reverse=True))


def _encoded(data: Mapping[str, object]) -> bytes:
    """Return data as JSON; where it can't be, what makes every part of it be looked at."""
    try:
        return _ENCODER.encode(data)
    except (TypeError, ValueError, RecursionError):
        return b"\\"
