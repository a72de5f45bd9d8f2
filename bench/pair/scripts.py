"""What the engine is measured against: the scripts that somebody writes in an afternoon.

They read pages, map, and write. They remember nothing: a crash in the middle starts over and
doubles what was written, and nobody sees what they did.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
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


async def _at_once(address: str, in_flight: int) -> None:
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(2 * PAGE)
    connector = aiohttp.TCPConnector(limit=in_flight + 1)
    async with aiohttp.ClientSession(
        headers=_HEADERS, connector=connector, raise_for_status=True
    ) as session:

        async def write() -> None:
            while True:
                line = line_of(await queue.get())
                async with session.post(f"{address}/lines", json=line) as answer:
                    assert (await answer.json())["id"]
                queue.task_done()

        writers = [asyncio.create_task(write()) for _ in range(in_flight)]
        query = {"limit": str(PAGE)}
        while True:
            async with session.get(f"{address}/times", params=query) as answer:
                page = await answer.json()
            for record in page["results"]:
                await queue.put(record)
            if "paging" not in page:
                break
            query["cursor"] = page["paging"]["next"]["after"]
        joined = asyncio.create_task(queue.join())
        done, _ = await asyncio.wait([joined, *writers], return_when=asyncio.FIRST_COMPLETED)
        for writer in writers:
            writer.cancel()
        for one in done:
            one.result()  # a writer that ended has failed


def at_once(address: str, *, in_flight: int) -> None:
    """Write one call per record with `aiohttp`, `in_flight` at a time."""
    asyncio.run(_at_once(address, in_flight))
