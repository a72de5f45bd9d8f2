"""Waiting until a partner's workers have nothing left to do."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Count, Q

from governance.actors import Actor
from syncjobs.models import Delivery, Stream, Workflow
from syncjobs.services.workflows import run_now
from syncjobs.state import CLAIMABLE, DELIVERY, WORKFLOW
from tenants.context import schema_scope

UNFINISHED = sorted({*CLAIMABLE, DELIVERY.target("claim")})
LOOK_EVERY = 0.5


class StuckError(RuntimeError):
    """The workers did not come to an end; the message says what is left."""


def start_all(actor: Actor, schemas: Sequence[str]) -> None:
    """Ask every workflow to read its sources now."""
    for schema in schemas:
        with schema_scope(schema):
            for workflow in Workflow.objects.filter(state=WORKFLOW.start):
                run_now(actor, workflow)


def wait_until_quiet(
    schemas: Sequence[str],
    since: datetime,
    *,
    tell: Callable[[str], None],
    check: Callable[[], None],
    seconds: float = 300.0,
) -> None:
    """Return when each schema has read all its sources since a moment and nothing is to be sent,
    being sent or tried again; what is held or needs a person stays.

    `tell` gets the progress; `check` may raise. Raises StuckError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        check()
        left = [schema for schema in schemas if not _is_quiet(schema, since)]
        if not left:
            return
        tell(" · ".join(_progress(schema, since) for schema in schemas))
        if time.monotonic() > deadline:
            said = "; ".join(_progress(schema, since) for schema in left)
            raise StuckError(f"The workers were not done after {seconds:.0f} s: {said}")
        time.sleep(LOOK_EVERY)


def _is_quiet(schema: str, since: datetime) -> bool:
    with schema_scope(schema):
        if Stream.objects.filter(enabled=True).exclude(polled_at__gte=since).exists():
            return False
        return not Delivery.objects.filter(state__in=UNFINISHED).exists()


def _progress(schema: str, since: datetime) -> str:
    with schema_scope(schema):
        counted = Delivery.objects.aggregate(
            done=Count("id", filter=Q(finished_at__gte=since)),
            left=Count("id", filter=Q(state__in=UNFINISHED)),
        )
        unread = Stream.objects.filter(enabled=True).exclude(polled_at__gte=since).count()
    name = schema.removeprefix("p_")
    return f"{name}: {counted['done']} done, {counted['left']} to go, {unread} sources to read"
