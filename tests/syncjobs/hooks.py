"""A source that sends webhooks, for tests."""

import json
import time
from collections.abc import Mapping
from typing import Any

from syncjobs import signatures
from syncjobs.engine.drain import drain
from syncjobs.models import Stream
from syncjobs.services import webhooks
from tests.syncjobs.factories import BUILDER, Lab


class Hook:
    """The source's side: an address and a secret, and what it sends there."""

    def __init__(self, lab: Lab) -> None:
        Stream.objects.filter(pk=lab.customers.pk).update(next_poll_at=None)
        shown = webhooks.open_hook(BUILDER, lab.source_connection)
        self.lab, self.secret = lab, shown.secret
        self.key = shown.path.removeprefix("/hooks/")
        lab.source_connection.refresh_from_db()
        # Clover CRM's customers are its accounts.
        Stream.objects.filter(pk=lab.customers.pk).update(object="accounts")

    def message(
        self, body: Mapping[str, Any], *, id_: str = "msg_1", age: int = 0
    ) -> tuple[dict[str, str], bytes]:
        raw, stamp = json.dumps(body).encode(), int(time.time()) - age
        mark = signatures.sign(self.secret, message_id=id_, timestamp=stamp, body=raw)
        return (
            {"webhook-id": id_, "webhook-timestamp": str(stamp), "webhook-signature": mark},
            raw,
        )

    def send(self, body: Mapping[str, Any], **options: Any) -> webhooks.Received:
        headers, raw = self.message(body, **options)
        return webhooks.receive(self.key, headers, raw)

    def account(self, id_: str, **data: Any) -> dict[str, Any]:
        at = data.pop("at", "2026-11-03T12:00:00Z")
        row = {"id": id_, "no": f"C-{id_}", "name": f"Name {id_}", "updatedAt": at, **data}
        return {"type": "accounts.updated", "data": row}

    def drain(self) -> None:
        drain(systems=self.lab.systems())
