"""Stores messages for the endpoints that listen, in the transaction of what they tell of.

A body holds ids and states and no content of records: who may not read a record learns nothing
of it, and what is erased is not kept here.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils import timezone

from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.state import ENDPOINT, MESSAGE
from syncjobs.telling.kinds import BODY_VERSION
from tenants.outbox import doorbell

# For statements of the hot path: whether anybody listens at all, answered along with their rows.
ANY_LISTENER: Final = f"(SELECT count(*) FROM syncjobs_endpoint WHERE state = '{ENDPOINT.start}')"  # noqa: S608  ours

# (whose it is, or None for the partner's; what the message tells)
Fact = tuple[int | None, Mapping[str, object]]


def tell(kind: str, facts: Sequence[Fact]) -> int:
    """Store a message for each fact and each endpoint that listens; return how many.

    An endpoint of one client hears only of that client's.
    """
    if not facts:
        return 0
    listeners = fetch(_LISTENERS, {"kind": kind, "on": ENDPOINT.start})
    rows = [
        message_row(endpoint, kind, client, data)
        for endpoint, only in listeners
        for client, data in facts
        if only is None or only == client
    ]
    return store_messages(rows)


def message_row(
    endpoint: int, kind: str, client: int | None, data: Mapping[str, object]
) -> dict[str, Any]:
    """Return one message as `store_messages` takes it; its body is what will be signed."""
    body = {
        "type": kind,
        "timestamp": timezone.now().isoformat().replace("+00:00", "Z"),
        "version": BODY_VERSION,
        "data": {"client": client, **data},
    }
    return {
        "number": str(uuid.uuid4()),
        "endpoint": endpoint,
        "type": kind,
        "body": json.dumps(body, separators=(",", ":"), ensure_ascii=False),
    }


def store_messages(rows: Sequence[Mapping[str, Any]]) -> int:
    """Store messages that are due at once, and have a worker called after the commit."""
    if rows:
        execute(_STORE, {"rows": encode(rows), "state": MESSAGE.start})
        doorbell.ring_after_commit()
    return len(rows)


_LISTENERS: Final = """
    SELECT id, client_id FROM syncjobs_endpoint
    WHERE state = %(on)s AND %(kind)s = ANY(listens) ORDER BY id
"""
_STORE: Final = """
    INSERT INTO syncjobs_message
        (number, endpoint_id, type, body, state, tries, attempts, due_at, created_at)
    SELECT x.number, x.endpoint, x.type, x.body, %(state)s, 0, '[]', statement_timestamp(),
        statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(
        number uuid, endpoint bigint, type text, body text)
"""
