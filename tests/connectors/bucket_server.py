"""A bucket on loopback that speaks S3, checks every signature by itself, and pages its list."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

KEY_ID, SECRET, REGION, BUCKET = "AKEXPORTS", "a secret/of+signs", "eu-central-1", "exports"
PAGE = 2


@dataclass
class Shelf:
    """What the bucket holds. files: key → (content, time). denied: keys. answer: what every call
    gets instead, as (status, headers, body)."""

    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    answer: tuple[int, dict[str, str], bytes] | None = None
    lists: int = 0


def _signature(asked: Any, path: str, query: str) -> str:
    """Work out Signature Version 4 from its published steps."""
    told = dict(
        part.strip().split("=", 1)
        for part in asked["Authorization"].removeprefix("AWS4-HMAC-SHA256").split(",")
    )
    names = told["SignedHeaders"].split(";")
    headers = "".join(f"{name}:{' '.join(asked[name].split())}\n" for name in names)
    pairs = "&".join(sorted(query.split("&"))) if query else ""
    content = asked["x-amz-content-sha256"]
    call = "\n".join(["GET", path, pairs, headers, ";".join(names), content])
    _, day, region, service, end = told["Credential"].split("/")
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            asked["x-amz-date"],
            "/".join([day, region, service, end]),
            hashlib.sha256(call.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET}".encode()
    for part in (day, REGION, service, end):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not told["Credential"].startswith(f"{KEY_ID}/"):
        return "InvalidAccessKeyId"
    return "" if hmac.compare_digest(told["Signature"], right) else "SignatureDoesNotMatch"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.shelf.answer is not None:
            self._say(*self.shelf.answer)
        elif wrong := _signature(self.headers, path, query):
            self._refuse(403, wrong)
        elif path == f"/{BUCKET}":
            self._list(dict(parse_qsl(query)))
        elif not path.startswith(f"/{BUCKET}/"):
            self._refuse(404, "NoSuchBucket")
        else:
            self._give(unquote(path.removeprefix(f"/{BUCKET}/")))

    def _list(self, asked: dict[str, str]) -> None:
        self.shelf.lists += 1
        prefix = asked.get("prefix", "")
        keys = sorted(key for key in self.shelf.files if key.startswith(prefix))
        keys = [key for key in keys if "/" not in key[len(prefix) :]]
        start = int(asked.get("continuation-token", 0))
        rows = "".join(self._row(key) for key in keys[start : start + PAGE])
        if len(keys) > start + PAGE:
            rows += f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>"
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        self._say(200, {}, f'<ListBucketResult xmlns="{space}">{rows}</ListBucketResult>'.encode())

    def _row(self, key: str) -> str:
        content, modified = self.shelf.files[key]
        at = datetime.fromtimestamp(modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return (
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified>"
            f"<ETag>{escape(_tag(content))}</ETag><Size>{len(content)}</Size></Contents>"
        )

    def _give(self, key: str) -> None:
        if key in self.shelf.denied:
            self._refuse(403, "AccessDenied")
        elif key not in self.shelf.files:
            self._refuse(404, "NoSuchKey")
        elif self.headers["If-Match"] != _tag(self.shelf.files[key][0]):
            self._refuse(412, "PreconditionFailed")
        else:
            self._say(200, {}, self.shelf.files[key][0])

    def _refuse(self, status: int, code: str) -> None:
        self._say(status, {}, f"<Error><Code>{code}</Code></Error>".encode())

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """Serve it; give the address."""
    handler = type("Handler", (_Handler,), {"shelf": shelf})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
