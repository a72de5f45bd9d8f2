"""The receivers of `bench.telling`: one loopback server that answers as the path says.

usage: python -m bench.receivers   (says its address, serves until its input ends)
"""

import asyncio
import sys

HANG_SECONDS = 120.0
SLOW_SECONDS = 0.2


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as the path says: /fast at once, /slow after 200 ms, /hang never."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").lower().split("\r\n")
            size = next(int(one[15:]) for one in lines if one.startswith("content-length:"))
            await reader.readexactly(size)
            if "/hang" in lines[0]:
                await asyncio.sleep(HANG_SECONDS)
            elif "/slow" in lines[0]:
                await asyncio.sleep(SLOW_SECONDS)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
