"""Sends one schema's messages that are due: several endpoints side by side, each under a lease
with a fence, several messages on their way to each.

At least once: a worker that dies between answers and their record sends those messages again
under the same ids. A failure ends an endpoint's line and lets it rest. One that failed the last
time is tried only by who holds the place for that, so that those that never answer do not hold
all workers. The engine's `Sending` has one queue and one brake for one system; here each
endpoint has its own, and the threads come from the library's pool.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import timedelta
from time import monotonic
from typing import Final

from django.db import transaction
from django.utils import timezone

from syncjobs.connectors.http import HttpClient
from syncjobs.crashpoints import reach
from syncjobs.engine.rows import fetch
from syncjobs.engine.sending import SENDING
from syncjobs.engine.slots import patient_place
from syncjobs.models import Endpoint, Message
from syncjobs.services.endpoint_secrets import good_secrets
from syncjobs.state import ENDPOINT
from syncjobs.telling import schedule
from syncjobs.telling.lines import Line
from syncjobs.telling.posting import LIMITS, Posted, headers_of, post, rules_of
from syncjobs.telling.recording import LEASE_SECONDS, Tried, record
from tenants.outbox import doorbell

MOST_SECONDS: Final = 30.0
# Calls at once in a turn, which is one partner's; endpoints side by side in it.
MOST_IN_FLIGHT: Final = 32
MOST_LINES: Final = 16
TAKEN_AT_ONCE: Final = 200
RECORDED_AT_ONCE: Final = 50
RECORD_SECONDS: Final = 0.25
RENEW_SECONDS: Final = 15.0
# How soon a failing endpoint is looked at again for which there was no place.
NO_PLACE_SECONDS: Final = 5


def send_messages(
    *, seconds: float = MOST_SECONDS, stop: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due in the schema that is entered; return how many attempts were made.

    Not to be called inside a transaction: outcomes are committed for themselves.
    """
    with ExitStack() as stack:
        tried = _Turn(stack, monotonic() + seconds, stop).run()
    _settle()
    return tried


@transaction.atomic
def _settle() -> None:
    """Have a worker called when the next message is due, or the lease on it is over."""
    doorbell.settle()
    soonest = timezone.now() + timedelta(seconds=NO_PLACE_SECONDS)
    due, fails = fetch(_NEXT, {"on": ENDPOINT.start})[0]
    if fails is not None:
        due = min(one for one in (due, max(fails, soonest)) if one is not None)
    if due is not None:
        doorbell.come_at(due)


class _Turn:
    """One turn: its lines, what is on its way, and what came back and is not recorded yet."""

    def __init__(self, stack: ExitStack, until: float, stop: Callable[[], bool]) -> None:
        self._stack, self._until, self._stop = stack, until, stop
        self._lines: dict[int, Line] = {}
        self._flying: dict[Future[Posted], tuple[Line, Message]] = {}
        self._back: list[tuple[Line, Tried]] = []
        self._clients: dict[bool, HttpClient] = {}
        self._secrets: dict[str, list[str]] = {}
        self._is_patient: bool | None = None
        self._pool = stack.enter_context(ThreadPoolExecutor(MOST_IN_FLIGHT, SENDING))
        self._recorded = self._renewed = monotonic()
        self._looked = 0.0
        self._tried = 0

    def run(self) -> int:
        """Send until nothing is due or the time is up; return how many attempts were made."""
        while True:
            if monotonic() < self._until and not self._stop():
                self._look()
                self._send()
            if not self._flying and not self._back:
                break
            self._wait()
            is_old = monotonic() - self._recorded > RECORD_SECONDS
            if self._back and (is_old or len(self._back) >= RECORDED_AT_ONCE or not self._flying):
                self._record()
            self._let_go()
            self._renew()
        self._let_go(at_end=True)
        return self._tried

    def _look(self) -> None:
        """Take endpoints that have something due; not at every step where enough is on its way."""
        if self._flying and monotonic() - self._looked < RECORD_SECONDS:
            return
        self._looked = monotonic()
        while len(self._lines) < MOST_LINES and len(self._flying) < MOST_IN_FLIGHT:
            endpoint = self._claim()
            if endpoint is None:
                return
            if not self._tried and not self._lines:
                # If this process dies, somebody looks when its leases are over.
                doorbell.come_at(timezone.now() + timedelta(seconds=LEASE_SECONDS))
            self._lines[endpoint.pk] = Line(endpoint)
            reach("telling.after_claim")

    def _claim(self) -> Endpoint | None:
        """Take the endpoint that was served longest ago; a failing one only with the place."""
        found = _claimed(is_patient=bool(self._is_patient))
        if not found and self._is_patient is None and _some_fail():
            self._is_patient = self._stack.enter_context(patient_place())
            found = _claimed(is_patient=self._is_patient)
        return Endpoint.objects.get(pk=found[0][0]) if found else None

    def _send(self) -> None:
        """Let each line send what it may, in turns, so that none takes all the threads."""
        lines, now = list(self._lines.values()), monotonic()
        for line in lines:
            if line.wants_more(now):
                line.add(_due(line), now)
        while lines and len(self._flying) < MOST_IN_FLIGHT:
            for line in list(lines):
                message = line.next() if len(self._flying) < MOST_IN_FLIGHT else None
                if message is None:
                    lines.remove(line)
                else:
                    self._start(line, message)

    def _start(self, line: Line, message: Message) -> None:
        endpoint, now = line.endpoint, timezone.now()
        body = message.body.encode()
        secrets = self._secrets_of(endpoint)
        headers = headers_of(message.webhook_id, body, secrets=secrets, now=int(now.timestamp()))
        client = self._client(endpoint)
        self._flying[self._pool.submit(post, client, endpoint.url, headers, body)] = line, message
        self._tried += 1

    def _secrets_of(self, endpoint: Endpoint) -> list[str]:
        """Open what signs once in a turn, and again when it was changed."""
        if endpoint.secrets not in self._secrets:
            self._secrets[endpoint.secrets] = good_secrets(endpoint, timezone.now())
        return self._secrets[endpoint.secrets]

    def _client(self, endpoint: Endpoint) -> HttpClient:
        is_ours = endpoint.keeper_id is None
        if is_ours not in self._clients:
            client = HttpClient(rules=rules_of(is_ours=is_ours), limits=LIMITS)
            self._stack.callback(client.close)
            self._clients[is_ours] = client
        return self._clients[is_ours]

    def _wait(self) -> None:
        if not self._flying:
            return
        done, _ = wait(self._flying, RECORD_SECONDS, FIRST_COMPLETED)
        for future in done:
            line, message = self._flying.pop(future)
            posted, now = future.result(), timezone.now()
            rest = schedule.rest_of(posted.status, posted.retry_after, now)
            line.came_back(posted, rest)
            endpoint = line.endpoint
            tried = Tried(endpoint.pk, endpoint.lease_no, message.pk, posted, now)
            self._back.append((line, tried))

    def _record(self) -> None:
        reach("telling.before_record")
        back, self._back = self._back, []
        may_go_on = record([tried for _, tried in back])
        self._recorded = monotonic()
        reach("telling.after_record")
        for line, tried in back:
            line.unsettled.discard(tried.message_id)
            line.is_over |= tried.endpoint_id not in may_go_on
            line.endpoint = may_go_on.get(tried.endpoint_id, line.endpoint)

    def _let_go(self, *, at_end: bool = False) -> None:
        """End the leases of the lines that are through; one that failed rests."""
        for pk, line in list(self._lines.items()):
            if at_end or line.is_empty:
                own = Endpoint.objects.filter(pk=pk, lease_no=line.endpoint.lease_no)
                own.update(lease_until=line.rest)
                del self._lines[pk]

    def _renew(self) -> None:
        if monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = monotonic()
        until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
        for pk, line in self._lines.items():
            own = Endpoint.objects.filter(pk=pk, lease_no=line.endpoint.lease_no)
            own.update(lease_until=until)


def _claimed(*, is_patient: bool) -> list[tuple[int]]:
    now = timezone.now()
    until = now + timedelta(seconds=LEASE_SECONDS)
    params = {"patient": is_patient, "now": now, "until": until, "on": ENDPOINT.start}
    return fetch(_CLAIM, params)


def _some_fail() -> bool:
    return bool(fetch(_SOME_FAIL, {"now": timezone.now(), "on": ENDPOINT.start}))


def _due(line: Line) -> list[Message]:
    """Return what else is due for an endpoint, the longest due first."""
    rows = Message.objects.filter(endpoint=line.endpoint, due_at__lte=timezone.now())
    return list(rows.exclude(pk__in=line.unsettled).order_by("due_at", "pk")[:TAKEN_AT_ONCE])


_CLAIM: Final = """
    UPDATE syncjobs_endpoint
    SET lease_until = %(until)s, lease_no = lease_no + 1
    WHERE id = (
        SELECT e.id FROM syncjobs_endpoint e
        WHERE e.state = %(on)s AND (%(patient)s OR e.failing_since IS NULL)
          AND (e.lease_until IS NULL OR e.lease_until <= %(now)s)
          AND EXISTS (SELECT 1 FROM syncjobs_message m
                      WHERE m.endpoint_id = e.id AND m.due_at <= %(now)s)
        ORDER BY e.last_tried_at NULLS FIRST, e.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
"""
_SOME_FAIL: Final = """
    SELECT 1 FROM syncjobs_endpoint e
    WHERE e.state = %(on)s AND e.failing_since IS NOT NULL
      AND (e.lease_until IS NULL OR e.lease_until <= %(now)s)
      AND EXISTS (SELECT 1 FROM syncjobs_message m
                  WHERE m.endpoint_id = e.id AND m.due_at <= %(now)s)
    LIMIT 1
"""
_NEXT: Final = """
    SELECT min(greatest(m.due_at, e.lease_until)) FILTER (WHERE e.failing_since IS NULL),
        min(greatest(m.due_at, e.lease_until)) FILTER (WHERE e.failing_since IS NOT NULL)
    FROM syncjobs_endpoint e
    CROSS JOIN LATERAL (
        SELECT due_at FROM syncjobs_message
        WHERE endpoint_id = e.id AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) m
    WHERE e.state = %(on)s
"""
