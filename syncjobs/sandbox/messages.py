"""Requests and replies between the HTTP server and a system; no sockets here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class NotJson(ValueError):
    """The body is not a JSON object."""


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    origin: str = ""  # "http://127.0.0.1:41234", for links in answers

    @classmethod
    def parse(
        cls, method: str, target: str, headers: Mapping[str, str], body: bytes, origin: str
    ) -> "Request":
        """Build one from the request line's target."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(method, parts.path.rstrip("/") or "/", query, lower, body, origin)

    def json(self) -> dict[str, Any]:
        """The body as an object; numbers with a point come as exact decimals."""
        try:
            value = json.loads(self.body or b"{}", parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise NotJson("The body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise NotJson("The body must be a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        """The body as form fields."""
        return dict(parse_qsl(self.body.decode(errors="replace")))


@dataclass(frozen=True)
class Reply:
    """What goes back; `body` None sends no content."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()
