"""Stores the business events that changes of records raise."""

from collections.abc import Sequence
from typing import Final

from syncjobs.canonical_store import Stored
from syncjobs.engine.plan import Raised
from syncjobs.engine.rows import encode, fetch
from syncjobs.events import raised_events
from syncjobs.telling.tell import ANY_LISTENER, tell


def raise_events(client_id: int, correlation: str, stored: Sequence[Stored]) -> list[Raised]:
    """Store the events of these changes, in the caller's transaction, and return them."""
    drafts = [
        (event, one)
        for one in stored
        if one.is_changed and not one.incoming.deleted
        for event in raised_events(one.incoming.type, one.before, one.data)
    ]
    if not drafts:
        return []
    rows = [{"type": event, "record_id": one.id, "version": one.version} for event, one in drafts]
    params: dict[str, object] = {
        "rows": encode(rows),
        "client": client_id,
        "correlation": correlation,
    }
    found = fetch(_EVENTS, params)
    if found[0][4]:
        _tell(client_id, drafts)
    ids = {(type_, record, version): id_ for id_, type_, record, version, _ in found}
    return [Raised(event, one.known, ids[event, one.id, one.version]) for event, one in drafts]


def _tell(client_id: int, drafts: Sequence[tuple[str, Stored]]) -> None:
    by_type: dict[str, list[Stored]] = {}
    for event, one in drafts:
        by_type.setdefault(event, []).append(one)
    for event, records in by_type.items():
        tell(
            event,
            [
                (
                    client_id,
                    {"record": {"id": one.id, "type": one.incoming.type, "version": one.version}},
                )
                for one in records
            ],
        )


_EVENTS: Final = f"""
    INSERT INTO syncjobs_event (type, client_id, record_id, record_version, correlation, at)
    SELECT x.type, %(client)s, x.record_id, x.version, %(correlation)s, statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(type text, record_id bigint, version int)
    RETURNING id, type, record_id, record_version, {ANY_LISTENER}
"""  # noqa: S608  our own constants
