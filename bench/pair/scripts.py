"""What the engine is measured against: the scripts that somebody writes in an afternoon.

They read pages, map, and write. They remember nothing: a crash in the middle starts over and
doubles what was written, and nobody sees what they did.
"""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from bench.pair.entries import PAGE, line_of
from bench.pair.server import TOKEN

_HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def _pages(session: requests.Session, address: str) -> Iterator[list[dict[str, Any]]]:
    query = {"limit": str(PAGE)}
    while True:
        answer = session.get(f"{address}/times", params=query, headers=_HEADERS, timeout=30)
        page = answer.json()
        yield page["results"]
        if "paging" not in page:
            return
        query["cursor"] = page["paging"]["next"]["after"]


def one_by_one(address: str, *, in_flight: int = 1) -> None:
    """Write one call per record with `requests`; several at a time with threads."""
    with requests.Session() as session, ThreadPoolExecutor(in_flight) as pool:

        def write(record: dict[str, Any]) -> None:
            answer = session.post(
                f"{address}/lines", json=line_of(record), headers=_HEADERS, timeout=30
            )
            answer.raise_for_status()
            assert answer.json()["id"]

        for page in _pages(session, address):
            if in_flight == 1:
                for record in page:
                    write(record)
            else:
                list(pool.map(write, page))


def in_batches(address: str) -> None:
    """Write 200 records in one call with `requests`."""
    with requests.Session() as session:
        for page in _pages(session, address):
            rows = [{"key": record["number"], "data": line_of(record)} for record in page]
            answer = session.post(
                f"{address}/batched/batch", json={"records": rows}, headers=_HEADERS, timeout=30
            )
            answer.raise_for_status()
            assert all(one["body"]["id"] for one in answer.json()["results"])


class _Wire:
    """One kept-alive connection, HTTP/1.1 by hand: lighter than any client library."""

    def __init__(self, address: str) -> None:
        self._parts = urlsplit(address)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a call and return its decoded answer; raises RuntimeError on a bad status."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._parts.netloc}\r\nAccept: */*\r\n"
            f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        answered = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(answered.split("content-length:")[1].split("\r\n")[0])
        data = json.loads(await reader.readexactly(size))
        if answered.split(" ")[1][0] != "2":
            raise RuntimeError(answered)
        return data

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()


async def _at_once(address: str, in_flight: int) -> None:
    wires = [_Wire(address) for _ in range(in_flight)]
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(2 * PAGE)

    async def write(wire: _Wire) -> None:
        while True:
            record = await queue.get()
            assert (await wire.call("POST", "/lines", line_of(record)))["id"]
            queue.task_done()

    tasks = [asyncio.create_task(write(wire)) for wire in wires]
    reader = _Wire(address)
    query = {"limit": str(PAGE)}
    while True:
        page = await reader.call("GET", f"/times?{urlencode(query)}")
        for record in page["results"]:
            await queue.put(record)
        if "paging" not in page:
            break
        query["cursor"] = page["paging"]["next"]["after"]
    joined = asyncio.create_task(queue.join())
    done, _ = await asyncio.wait([joined, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for one in done:
        one.result()  # a writer that ended has failed
    for wire in (*wires, reader):
        wire.close()


def at_once(address: str, *, in_flight: int) -> None:
    """Write one call per record, `in_flight` at a time, on one asyncio loop."""
    asyncio.run(_at_once(address, in_flight))
