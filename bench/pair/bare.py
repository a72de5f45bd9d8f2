"""The least that can acknowledge a webhook for good: `aiohttp`, one INSERT, then 202.

`python -m bench.pair.bare TABLE` serves on loopback and prints its address. No signature, no
tenant, no check; a connection to the database for each of 8 at a time.
"""

import asyncio
import socket
import sys
from typing import Any, Final

import django
import psycopg
from aiohttp import web

POOL: Final = 8


async def _application(table: str, parameters: dict[str, Any]) -> web.Application:
    pool: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
    for _ in range(POOL):
        made = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
        pool.put_nowait(made)
    insert = f'INSERT INTO "{table}" (body) VALUES (%s::jsonb)'.encode()

    async def take(request: web.Request) -> web.Response:
        body = await request.text()
        database = await pool.get()
        try:
            await database.execute(insert, [body])
        finally:
            pool.put_nowait(database)
        return web.json_response({}, status=202)

    application = web.Application()
    application.router.add_post("/{path:.*}", take)
    return application


async def _serve(table: str, parameters: dict[str, Any]) -> None:
    runner = web.AppRunner(await _application(table, parameters), access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    # It ends with whoever started it: their end of this pipe closes.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def main(table: str) -> None:
    """Serve until the pipe closes."""
    django.setup()
    from tenants.postgres import roles

    asyncio.run(_serve(table, roles.owner_parameters()))


if __name__ == "__main__":
    main(sys.argv[1])
