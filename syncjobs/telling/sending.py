"""Sends one schema's messages that are due: an endpoint at a time, under a lease with a fence.

At least once: a worker that dies between an answer and its record sends the message again under
the same id. A failure ends the endpoint's turn and lets it rest, so that a dead one costs one
attempt at a time and holds up no other.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db import transaction
from django.utils import timezone

from syncjobs.connectors.http import HttpClient
from syncjobs.engine.rows import fetch
from syncjobs.engine.transitions import move_row
from syncjobs.models import Endpoint, Message
from syncjobs.services.endpoint_secrets import good_secrets
from syncjobs.state import ENDPOINT, MESSAGE
from syncjobs.telling import schedule
from syncjobs.telling.posting import GONE, LIMITS, Posted, headers_of, post
from syncjobs.telling.stopping import stop_endpoint
from tenants.outbox import doorbell

MOST_SECONDS: Final = 30.0
MOST_OF_ONE: Final = 50
KEPT_ATTEMPTS: Final = 20
LEASE_SECONDS: Final = 90


def send_messages(
    *, seconds: float = MOST_SECONDS, stop: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due in the schema that is entered; return how many attempts were made.

    Not to be called inside a transaction: each attempt's outcome is committed for itself.
    """
    until = monotonic() + seconds
    done: list[int] = []
    tried = 0
    while monotonic() < until and not stop():
        endpoint = _claim(done)
        if endpoint is None:
            break
        done.append(endpoint.pk)
        tried += _send_to(endpoint, until, stop)
    due = fetch(_NEXT, {"on": ENDPOINT.start})[0][0]
    if due is not None:
        doorbell.come_at(due)
    return tried


def _claim(done: list[int]) -> Endpoint | None:
    """Take the endpoint that was served longest ago among those with something due."""
    now = timezone.now()
    until = now + timedelta(seconds=LEASE_SECONDS)
    found = fetch(_CLAIM, {"done": done, "now": now, "until": until, "on": ENDPOINT.start})
    return Endpoint.objects.get(pk=found[0][0]) if found else None


def _send_to(endpoint: Endpoint, until: float, stop: Callable[[], bool]) -> int:
    client = HttpClient(limits=LIMITS)
    rest: datetime | None = None
    tried = 0
    try:
        while rest is None and tried < MOST_OF_ONE and monotonic() < until and not stop():
            message = _next_of(endpoint)
            if message is None:
                break
            posted = _post(client, endpoint, message)
            tried += 1
            if not posted.is_good:
                now = timezone.now()
                rest = schedule.rest_of(posted.status, posted.retry_after, now)
            if not _record(endpoint, message, posted):
                return tried
    finally:
        client.close()
    Endpoint.objects.filter(pk=endpoint.pk, lease_no=endpoint.lease_no).update(lease_until=rest)
    return tried


def _next_of(endpoint: Endpoint) -> Message | None:
    due = Message.objects.filter(endpoint=endpoint, due_at__lte=timezone.now())
    return due.order_by("due_at", "pk").first()


def _post(client: HttpClient, endpoint: Endpoint, message: Message) -> Posted:
    body = message.body.encode()
    now = timezone.now()
    secrets = good_secrets(endpoint, now)
    headers = headers_of(message.webhook_id, body, secrets=secrets, now=int(now.timestamp()))
    return post(client, endpoint.url, headers, body)


@transaction.atomic
def _record(endpoint: Endpoint, message: Message, posted: Posted) -> bool:
    """Write what came of an attempt and take the lease on; False when it has passed to another
    worker, or the endpoint is gone or off."""
    rows = Endpoint.objects.select_for_update()
    row = rows.filter(pk=endpoint.pk, lease_no=endpoint.lease_no).first()
    locked = Message.objects.select_for_update().filter(pk=message.pk).first()
    if row is None or locked is None:
        return False
    now = timezone.now()
    row.last_tried_at, row.lease_until = now, now + timedelta(seconds=LEASE_SECONDS)
    locked.tries += 1
    made = {
        "at": now.isoformat(),
        "status": posted.status,
        "error": posted.error,
        "ms": posted.milliseconds,
    }
    locked.attempts = [*locked.attempts, made][-KEPT_ATTEMPTS:]
    if posted.is_good:
        row.last_ok_at, row.failing_since = now, None
        move_row(locked, MESSAGE, "deliver", due_at=None, ended_at=now)
    else:
        row.failing_since = row.failing_since or now
        locked.due_at = schedule.next_try(locked.tries, now)
        if locked.due_at is None:
            move_row(locked, MESSAGE, "fail", ended_at=now)
    row.save(update_fields=["last_tried_at", "lease_until", "last_ok_at", "failing_since"])
    locked.save(update_fields=["tries", "attempts", "due_at"])
    if not row.is_on:
        return False
    if posted.status == GONE:
        stop_endpoint(row, "It answered 410: it wants no more messages.")
        return False
    if not posted.is_good and schedule.is_given_up(row.failing_since, now):
        stop_endpoint(row, "Nothing had arrived for five days.")
        return False
    return True


_CLAIM: Final = """
    UPDATE syncjobs_endpoint
    SET lease_until = %(until)s, lease_no = lease_no + 1
    WHERE id = (
        SELECT e.id FROM syncjobs_endpoint e
        WHERE e.state = %(on)s AND e.id <> ALL(%(done)s::bigint[])
          AND (e.lease_until IS NULL OR e.lease_until <= %(now)s)
          AND EXISTS (SELECT 1 FROM syncjobs_message m
                      WHERE m.endpoint_id = e.id AND m.due_at <= %(now)s)
        ORDER BY e.last_tried_at NULLS FIRST, e.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
"""
_NEXT: Final = """
    SELECT min(greatest(m.due_at, e.lease_until)) FROM syncjobs_endpoint e
    CROSS JOIN LATERAL (
        SELECT due_at FROM syncjobs_message
        WHERE endpoint_id = e.id AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) m
    WHERE e.state = %(on)s
"""
