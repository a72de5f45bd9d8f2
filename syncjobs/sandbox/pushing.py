"""Sends a system's webhooks, signed by the Standard Webhooks specification, until acknowledged.

At least once and in no promised order: a message whose answer is lost goes out again under the
same id. One thread a system; nothing is sent before somebody has subscribed.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import threading
import time
import urllib.parse
from typing import Any, Final

from syncjobs.sandbox.store import Store

LOOK_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 1.0


class Pusher:
    """Works the outbox of one store off. `start` and `stop` it with the server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Send in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what was not acknowledged stays in the outbox."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            with self._store.transaction():
                hook, waiting = self._store.fact("hook"), self._store.outbox()
            for seq, body in waiting if hook else ():
                if not self._send(hook, seq, body):
                    self._ended.wait(RETRY_SECONDS)
                    break
                with self._store.transaction():
                    self._store.pushed(seq)

    def _send(self, hook: dict[str, Any], seq: int, body: str) -> bool:
        parts = urllib.parse.urlsplit(hook["address"])
        sending = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        headers = {**signed(hook["secret"], f"msg_{seq}", body.encode(), int(time.time()))}
        headers["Host"] = hook.get("host") or parts.netloc
        with contextlib.closing(sending):
            try:
                sending.request("POST", parts.path, body.encode(), headers)
                return sending.getresponse().status < 300
            except (http.client.HTTPException, OSError):
                return False


def signed(secret: str, message_id: str, body: bytes, timestamp: int) -> dict[str, str]:
    """Return the headers of a signed message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
