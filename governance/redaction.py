"""Keeps secrets out of what is stored or shown: by the name of the field, and by shape.

`redact` also turns a value into plain JSON: decimals and dates as text, never floats from
decimals. It never raises for a value that it does not know.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

REDACTED: Final = "[redacted]"
_MAX_DEPTH: Final = 30
_WORDS: Final = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "apikey",
        "bearer",
        "jwt",
        "otp",
        "totp",
        "sessionid",
    }
)
_PAIRS: Final = frozenset(
    {
        ("api", "key"),
        ("access", "key"),
        ("account", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("signing", "key"),
        ("master", "key"),
        ("data", "key"),
        ("session", "id"),
        ("session", "key"),
        ("set", "cookie"),
    }
)
# Fields whose name has such a word and that hold none.
_HARMLESS: Final = frozenset(
    {"token id", "token name", "token prefix", "token type", "token label"}
)
_AS_THEY_ARE: Final = frozenset({bool, int, type(None)})
_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IN_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<userinfo>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|(?P<query>[?&](?:access_token|api_key|apikey|token|client_secret|password)=)[^\s&#]+",
    re.IGNORECASE,
)
_PEM = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
)


@lru_cache(maxsize=4_096)
def looks_secret(name: str) -> bool:
    """Say whether a field of this name holds a secret (snake, kebab, camel or header case)."""
    words = [word.lower() for word in _SPLIT.findall(name)]
    if " ".join(words) in _HARMLESS:
        return False
    if any(word in _WORDS for word in words):
        return True
    return any(pair in _PAIRS for pair in pairwise(words))


def redact_text(text: str) -> str:
    """Return `text` without bearer tokens, private keys, and passwords in addresses."""
    if not _is_suspect(text):
        return text
    kept = _PEM.sub(REDACTED, text)
    return _IN_TEXT.sub(lambda match: f"{match[match.lastgroup or 0]}{REDACTED}", kept)


def _is_suspect(text: str) -> bool:
    """Say whether either pattern can match at all; most texts are let through by this alone."""
    if text.isalnum():
        return False
    if "=" in text or "://" in text or "-----" in text:
        return True
    folded = text.casefold()
    return "bearer" in folded or "basic" in folded


def redact(value: object) -> object:
    """Return a copy of `value` as plain JSON without secrets, at any depth."""
    return _redacted(value, _MAX_DEPTH, is_harmless=False)


def redact_mapping(value: Mapping[str, object], *, encoded: bytes = b"\\") -> dict[str, object]:
    """Return `redact` of a mapping, as a dict.

    `encoded`: the same as JSON, where it is at hand. One look at the whole then tells most often
    that no text in it needs a look of its own.
    """
    return _redacted_mapping(value, _MAX_DEPTH, _is_harmless(encoded))


def _is_harmless(encoded: bytes) -> bool:
    """Say whether none of the texts in JSON can hold what `redact_text` or `storable` would change.

    They stand there as they are where nothing is escaped and all is ASCII.
    """
    if b"\\" in encoded or not encoded.isascii():
        return False
    if b"=" in encoded or b"://" in encoded or b"-----" in encoded:
        return False
    folded = encoded.lower()
    return b"bearer" not in folded and b"basic" not in folded


def _redacted_mapping(
    value: Mapping[str, object], depth: int, is_harmless: bool
) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, item in value.items():
        name, is_secret = _name(key) if type(key) is str else _name(str(key))
        # By far the most values are texts; each call counts.
        if is_secret:
            kept[name] = _hidden(item)
        elif type(item) is str:
            kept[name] = item if is_harmless else _text(item)
        elif type(item) in _AS_THEY_ARE:
            kept[name] = item
        else:
            kept[name] = _redacted(item, depth - 1, is_harmless)
    return kept


@lru_cache(maxsize=4_096)
def _name(key: str) -> tuple[str, bool]:
    """Return a field's name as it can be stored, and whether it holds a secret."""
    return storable(key), looks_secret(key)


def _text(text: str) -> str:
    """Return a value without secrets; most are let through by one look."""
    if text.isascii() and "\x00" not in text and not _is_suspect(text):
        return text
    return redact_text(storable(text))


def _hidden(value: object) -> object:
    """An absent secret is told apart from a present one: that is no secret, and useful."""
    return value if value is None or value == "" or isinstance(value, bool) else REDACTED


def storable(text: str) -> str:
    """Replace what a PostgreSQL text cannot hold: NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def _redacted(value: object, depth: int, is_harmless: bool) -> object:
    if depth <= 0:
        return "[too deep]"
    if isinstance(value, str):
        return value if is_harmless else _text(value)
    if type(value) is dict or isinstance(value, Mapping):
        return _redacted_mapping(value, depth, is_harmless)
    if type(value) is list or isinstance(value, Iterable):
        if isinstance(value, bytes | bytearray | memoryview):
            return f"[{len(value)} bytes]"
        return [_redacted(item, depth - 1, is_harmless) for item in value]
    return _plain(value)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return redact_text(storable(str(value)))
