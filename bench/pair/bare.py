"""The least that can acknowledge a webhook for good: asyncio, one INSERT, then 202.

`python -m bench.pair.bare TABLE` serves on loopback and prints its address. No signature, no
tenant, no check; a connection to the database for each of 8 at a time.
"""

import asyncio
import sys
from typing import Any, Final

import django
import psycopg

_ANSWER: Final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
POOL: Final = 8


async def _handle(
    pool: "asyncio.Queue[psycopg.AsyncConnection[Any]]",
    insert: bytes,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(size)
            database = await pool.get()
            try:
                await database.execute(insert, [body.decode()])
            finally:
                pool.put_nowait(database)
            writer.write(_ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve(table: str, parameters: dict[str, Any]) -> None:
    pool: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
    for _ in range(POOL):
        made = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
        pool.put_nowait(made)
    insert = f'INSERT INTO "{table}" (body) VALUES (%s::jsonb)'.encode()
    server = await asyncio.start_server(
        lambda reader, writer: _handle(pool, insert, reader, writer), "127.0.0.1", 0
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    # It ends with whoever started it: their end of this pipe closes.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main(table: str) -> None:
    """Serve until the pipe closes."""
    django.setup()
    from tenants.postgres import roles

    asyncio.run(_serve(table, roles.owner_parameters()))


if __name__ == "__main__":
    main(sys.argv[1])
