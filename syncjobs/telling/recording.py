"""Writes what came of attempts: many in one transaction, each under its endpoint's fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.models import Endpoint, Message
from syncjobs.state import MESSAGE
from syncjobs.telling import schedule
from syncjobs.telling.posting import GONE, Posted
from syncjobs.telling.stopping import stop_endpoint

KEPT_ATTEMPTS: Final = 20
# Longer than an attempt takes; each record takes it on.
LEASE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt that is over. `lease_no`: the fence under which the endpoint was taken."""

    endpoint_id: int
    lease_no: int
    message_id: int
    posted: Posted
    at: datetime


@transaction.atomic
def record(attempts: Sequence[Tried]) -> dict[int, Endpoint]:
    """Write what came of attempts and take the leases on.

    Returns the endpoints that may hear more, as they are now: an address or a secret may have
    been changed meanwhile. What was tried under a lease that has passed to another worker is
    not written.
    """
    fences = {one.endpoint_id: one.lease_no for one in attempts}
    locked = Endpoint.objects.select_for_update().filter(pk__in=fences).order_by("pk")
    mine = {row.pk: row for row in locked if row.lease_no == fences[row.pk]}
    ids = [one.message_id for one in attempts if one.endpoint_id in mine]
    messages = Message.objects.select_for_update().order_by("pk").in_bulk(ids)
    stops: dict[int, str] = {}
    states: dict[int, str] = {}
    for one in attempts:
        row, message = mine.get(one.endpoint_id), messages.get(one.message_id)
        if row is None or message is None:
            continue
        states[message.pk] = _note(row, message, one)
        if one.posted.status == GONE:
            stops[row.pk] = "It answered 410: it wants no more messages."
    _write([messages[pk] for pk in states], states)
    until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    for row in mine.values():
        row.lease_until = until
        row.save(update_fields=["last_tried_at", "lease_until", "last_ok_at", "failing_since"])
        if row.is_on and row.pk not in stops and _is_given_up(row):
            stops[row.pk] = "Nothing had arrived for five days."
    for pk, reason in stops.items():
        if mine[pk].is_on:
            stop_endpoint(mine[pk], reason)
    return {pk: row for pk, row in mine.items() if row.is_on}


def _note(row: Endpoint, message: Message, one: Tried) -> str:
    """Put the attempt into both rows; return the message's state after it. A message that has
    ended meanwhile keeps its end."""
    posted = one.posted
    made = {
        "at": one.at.isoformat(),
        "status": posted.status,
        "error": posted.error,
        "ms": posted.milliseconds,
    }
    message.attempts = [*message.attempts, made][-KEPT_ATTEMPTS:]
    message.tries += 1
    row.last_tried_at = one.at
    if posted.is_good:
        row.last_ok_at, row.failing_since = one.at, None
        message.due_at, message.ended_at = None, one.at
        return MESSAGE.after(message.state, "deliver")
    row.failing_since = row.failing_since or one.at
    if message.due_at is not None:
        message.due_at = schedule.next_try(message.tries, one.at)
        if message.due_at is None:
            message.ended_at = one.at
            return MESSAGE.after(message.state, "fail")
    return message.state


def _write(messages: Sequence[Message], states: Mapping[int, str]) -> None:
    rows = [
        {
            "id": one.pk,
            "state": states[one.pk],
            "tries": one.tries,
            "attempts": one.attempts,
            "due_at": one.due_at,
            "ended_at": one.ended_at,
        }
        for one in messages
    ]
    if rows:
        execute(_WRITE, {"rows": encode(rows)})


def _is_given_up(row: Endpoint) -> bool:
    """Say whether it has taken nothing for days, and enough messages were tried in vain."""
    now = timezone.now()
    if row.failing_since is None or not schedule.is_given_up(row.failing_since, now):
        return False
    params = {
        "endpoint": row.pk,
        "since": row.failing_since,
        "before": now - schedule.TRIED_BEFORE,
        "most": schedule.LEAST_IN_VAIN,
        "delivered": MESSAGE.target("deliver"),
    }
    return int(fetch(_IN_VAIN, params)[0][0]) >= schedule.LEAST_IN_VAIN


_WRITE: Final = """
    UPDATE syncjobs_message m
    SET state = x.state, tries = x.tries, attempts = x.attempts, due_at = x.due_at,
        ended_at = x.ended_at
    FROM json_to_recordset(%(rows)s::json) AS x(
        id bigint, state text, tries int, attempts jsonb, due_at timestamptz,
        ended_at timestamptz)
    WHERE m.id = x.id
"""
_IN_VAIN: Final = """
    SELECT count(*) FROM (
        SELECT 1 FROM syncjobs_message
        WHERE endpoint_id = %(endpoint)s AND state <> %(delivered)s
          AND (attempts -> 0 ->> 'at')::timestamptz
              BETWEEN %(since)s::timestamptz AND %(before)s::timestamptz
        LIMIT %(most)s) found
"""
