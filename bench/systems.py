"""The two ends of the one-way figure: a CRM to read from and an ERP to write to, in one process.

`python -m bench.systems RECORDS` serves on loopback and prints its address. It speaks just
enough of the sandbox CRM's and ERP's dialects for their connectors, keeps what it was sent
in memory and does nothing else, so that it is not what limits either side.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "bench-token"
MOMENT: Final = "2026-10-01T08:00:00.000000Z"


def account(number: int) -> dict[str, Any]:
    """Return one record of the source."""
    code = f"ACC-{number:05d}"
    return {
        "id": f"acc_{number}",
        "number": code,
        "name": f"Customer {number} Ltd",
        "legalName": f"Customer {number} Limited",
        "email": f"Billing.{number}@customer.example",
        "phone": f"+44 20 7946 {number:05d}",
        "vatNumber": f"GB{number:09d}",
        "currency": "GBP",
        "paymentTerms": "NET30",
        "address": {
            "street": f"{number} High Street",
            "city": "Leeds",
            "postalCode": "LS1 4AP",
            "country": "GB",
        },
        "status": "active",
        "archived": False,
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
    }


class Ends:
    """What the two systems hold, and their answers."""

    def __init__(self, records: int) -> None:
        self._accounts = [account(number) for number in range(records)]
        self._customers: Counter[str] = Counter()

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and body of an answer."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        match method, parts.path:
            case "POST", "/erp/v1/customers":
                return 201, self._create(json.loads(body))
            case "GET", "/v2/accounts":
                return 200, self._page(query)
            case "POST", "/oauth/token":
                return 200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
            case "GET", "/count":
                total = sum(self._customers.values())
                return 200, {"created": total, "different": len(self._customers)}
            case "POST", "/empty":
                self._customers.clear()
                return 200, {}
            case "GET", _:
                return 200, {"results": [], "value": []}
        return 404, {"error": {"code": "NotFound", "message": f"{method} {target}"}}

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._customers[str(asked["externalReference"])] += 1
        key = f"cus-{len(self._customers):06d}"
        return {**asked, "id": key, "lastModified": MOMENT, "etag": 'W/"1"'}

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        start, limit = int(query.get("cursor", "0")), int(query.get("limit", "100"))
        results = self._accounts[start : start + limit]
        if start + limit >= len(self._accounts):
            return {"results": results}
        return {"results": results, "paging": {"next": {"after": str(start + limit)}}}


class Wire(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as two well-behaved clients need it."""

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
            lines = self._seen[:end].split(b"\r\n")
            length = next(
                (int(one[15:]) for one in lines[1:] if one[:15].lower() == b"content-length:"), 0
            )
            stop = end + 4 + length
            if len(self._seen) < stop:
                return
            body, self._seen = self._seen[end + 4 : stop], self._seen[stop:]
            method, target, _ = lines[0].decode().split(" ")
            self._reply(*self._ends.answer(method, target, body))

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        assert self._transport
        self._transport.write(head.encode() + content)


async def _serve(records: int) -> None:
    ends = Ends(records)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(ends), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    # It ends with whoever started it: their end of this pipe closes.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
