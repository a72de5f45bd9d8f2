"""`/healthz` and `/readyz`: answered for any host, before a partner is looked for.

Alive means that the process answers. Ready means that the database does and that the
public schema is migrated. How long work has waited is reported, not judged: a late worker
is no reason to take the web processes out of service.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tenants import queue
from tenants.heartbeats import heard_of, silent
from tenants.models import Wakeup
from tenants.services.pending import public_is_pending

LIVE_PATH = "/healthz"
READY_PATH = "/readyz"
OK, UNAVAILABLE = 200, 503


def _age(since: datetime | None) -> float | None:
    return None if since is None else round((timezone.now() - since).total_seconds(), 1)


def waiting_work() -> dict[str, object]:
    """Return how long the oldest due work and queue entry have waited, in seconds.

    A worker that is alive takes both within a second or two; None means nothing waits, and for
    `queue_waiting` that the queue does not answer.
    """
    now = timezone.now()
    due = (
        Wakeup.objects.filter(due_at__lte=now)
        .exclude(lease_until__gt=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    queued, workers = queue.waiting(), heard_of()
    return {
        "oldest_due_seconds": _age(due),
        "queue_oldest_seconds": _age(queued.oldest),
        "queue_waiting": queued.count,
        "worker_heartbeat_seconds": min(workers.values(), default=None),
        "workers_silent": len(silent(workers)),
    }


Part = Callable[[], dict[str, object]]
_parts: list[Part] = []


def register_part(part: Part) -> None:
    """Let a layer above add to what `/readyz` says of the work. Cheap, and without names."""
    _parts.append(part)


def told_work() -> dict[str, object]:
    """Return how work stands: what waits, and what the layers above add."""
    told = waiting_work()
    for part in _parts:
        told |= part()
    return told


def readiness() -> tuple[bool, dict[str, object]]:
    """Return whether this process can serve, and the parts of the answer."""
    try:
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        pending = public_is_pending()
        if pending:
            return False, {"database": "ok", "migrations": "pending"}
        return True, {"database": "ok", "migrations": "done", "work": told_work()}
    except DatabaseError:
        connection.close()
        return False, {"database": "unavailable"}


def answer(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a health path, None for every other one."""
    if request.path == LIVE_PATH:
        return JsonResponse({"alive": True})
    if request.path != READY_PATH:
        return None
    ready, parts = readiness()
    response = JsonResponse({"ready": ready, **parts}, status=OK if ready else UNAVAILABLE)
    response.headers["Cache-Control"] = "no-store"
    return response
