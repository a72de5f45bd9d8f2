"""Both ends in one process: a source of time entries and a target for invoice lines.

`python -m bench.pair.server` serves on loopback and prints its address. Raw HTTP/1.1 on
asyncio, answers ready as bytes, everything in memory: it is not what limits either side.
`POST /set` says how many entries there are, how slow answers to writes are, what fails.
"""

import asyncio
import json
import sys
from array import array
from bisect import bisect_left
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from bench.pair.entries import entry, moment_of
from bench.pair.target import Books

TOKEN: Final = "bench-token"
_HEAD: Final = (
    "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n{more}Content-Length: {size}\r\n\r\n"
)


class Source:
    """Time entries in the order of their last change; made when they are asked for."""

    def __init__(self, records: int) -> None:
        self._order = array("q", range(records))
        self._seconds = array("q", range(records))
        self._notes: dict[int, int] = {}
        self._hours: dict[int, int] = {}
        self._pages: dict[tuple[int, int], bytes] = {}

    def touch(self, numbers: list[int], *, hours: list[int]) -> None:
        """Change these entries now: those in `hours` in what is mapped, the rest in a note."""
        touched = set(numbers)
        kept = [
            pair for pair in zip(self._order, self._seconds, strict=True) if pair[0] not in touched
        ]
        last = self._seconds[-1] + 60
        kept += [(number, last + place) for place, number in enumerate(numbers)]
        self._order = array("q", [pair[0] for pair in kept])
        self._seconds = array("q", [pair[1] for pair in kept])
        for number in numbers:
            changed = self._hours if number in set(hours) else self._notes
            changed[number] = changed.get(number, 0) + 1
        self._pages.clear()

    def page(self, query: dict[str, str]) -> bytes:
        """Return the page that starts where the token says, or at the change asked for."""
        limit = int(query.get("limit", "200"))
        start = int(query["cursor"]) if "cursor" in query else self._since(query)
        if (start, limit) not in self._pages:
            rows = [self._row(place) for place in self._places(start, limit)]
            body: dict[str, Any] = {"results": rows}
            if start + limit < len(self._order):
                body["paging"] = {"next": {"after": str(start + limit)}}
            self._pages[start, limit] = msgspec.json.encode(body)
            if len(self._pages) > 1_000:
                self._pages.pop(next(iter(self._pages)))
        return self._pages[start, limit]

    def _places(self, start: int, limit: int) -> range:
        return range(start, min(start + limit, len(self._order)))

    def _since(self, query: dict[str, str]) -> int:
        if "updated_after" not in query:
            return 0
        return bisect_left(
            self._seconds, query["updated_after"], key=lambda second: moment_of(second)
        )

    def _row(self, place: int) -> dict[str, Any]:
        number = self._order[place]
        return entry(
            number,
            self._seconds[place],
            notes=self._notes.get(number, 0),
            hours=self._hours.get(number, 0),
        )


class Ends:
    """What the two systems answer."""

    def __init__(self) -> None:
        self.source = Source(0)
        self.books = Books()
        self.delay = 0.0

    def answer(
        self, method: str, target: str, headers: bytes, body: bytes
    ) -> tuple[int, bytes | dict[str, Any], float]:
        """Return status, body and how long to wait with the answer."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        match method, parts.path:
            case "POST", "/lines" | "/plain":
                key = header(headers, b"idempotency-key:")
                return *self.books.create(msgspec.json.decode(body), key), self.delay
            case "POST", "/batched/batch":
                rows = msgspec.json.decode(body)["records"]
                return *self.books.create_many(rows), self.delay
            case "PUT", path:
                id_ = path.rpartition("/")[2]
                return *self.books.update(id_, msgspec.json.decode(body)), self.delay
            case "GET", "/times":
                return 200, self.source.page(query), 0.0
            case "GET", "/lines" | "/plain" | "/batched":
                return *self.books.find(query.get("externalReference", "")), self.delay
            case "GET", "/count":
                return *self.books.count(), 0.0
            case "GET", "/references":
                return *self.books.references(), 0.0
            case "POST", "/set":
                return 200, self._set(json.loads(body)), 0.0
        return 404, {"message": f"{method} {target}"}, 0.0

    def _set(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "records" in asked:
            self.source = Source(asked["records"])
        if "touch" in asked:
            self.source.touch(asked["touch"], hours=asked["hours"])
        if asked.get("empty"):
            self.books.empty()
        self.delay = asked.get("delay", self.delay)
        self.books.faults.every = asked.get("fail_every", self.books.faults.every)
        return {}


def header(headers: bytes, name: bytes) -> str:
    """Return a header's value, "" when it is not there. `name`: lower case, with its colon."""
    start = headers.lower().find(b"\r\n" + name)
    if start < 0:
        return ""
    begin = start + 2 + len(name)
    end = headers.find(b"\r\n", begin)
    return headers[begin : end if end >= 0 else None].strip().decode()


class Wire(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as well-behaved clients need it."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end]
            stop = end + 4 + int(header(head, b"content-length:") or 0)
            if len(self._seen) < stop:
                return
            body, self._seen = self._seen[end + 4 : stop], self._seen[stop:]
            method, target, _ = head[: head.find(b"\r\n")].decode().split(" ")
            status, answer, delay = self._ends.answer(method, target, head, body)
            content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            if delay:
                loop = asyncio.get_running_loop()
                loop.call_later(delay, self._reply, status, content)
            else:
                self._reply(status, content)

    def _reply(self, status: int, content: bytes) -> None:
        more = "Retry-After: 0\r\n" if status >= 400 else ""
        head = _HEAD.format(status=status, more=more, size=len(content))
        assert self._transport
        self._transport.write(head.encode() + content)


async def _serve() -> None:
    ends = Ends()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(ends), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    # It ends with whoever started it: their end of this pipe closes.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
