"""Fingerprints of content: equal content, equal fingerprint, whatever the order of its keys."""

import hashlib
from typing import Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def fingerprint(content: object) -> str:
    """Return 40 hexadecimal digits for any JSON-like content (decimals count as their text)."""
    return hashlib.blake2b(_ENCODER.encode(content), digest_size=20).hexdigest()


def cause_fingerprint(*parts: object) -> str:
    """Return the fingerprint of what makes two occurrences the same cause."""
    return fingerprint([str(part) for part in parts])


_DIGEST: Final = 32


def cut_apart(text: str, most: int) -> str:
    """Return a text of at most so many characters; two that differ stay different when cut."""
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{text[: most - _DIGEST - 1]}~{digest}"
