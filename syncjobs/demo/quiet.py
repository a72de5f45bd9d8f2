"""Waiting until a partner's workers have nothing left to do."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone

from governance.actors import Actor
from syncjobs.models import Delivery, Run, Stream, Workflow
from syncjobs.services.workflows import run_now
from syncjobs.state import CLAIMABLE, DELIVERY, RUN, WORKFLOW
from tenants.context import schema_scope

UNFINISHED = sorted({*CLAIMABLE, DELIVERY.target("claim")})
LOOK_EVERY = 0.5
_NIGHTLY = Workflow.Mode.SCHEDULED


class StuckError(RuntimeError):
    """The workers did not come to an end; the message says what is left."""


def start_all(actor: Actor, schemas: Sequence[str], *, night: bool = False) -> None:
    """Let every client's systems be read now, or at night what waits for its schedule.

    Any workflow of a client wakes all of its systems: one is enough, and reads them once.
    """
    for schema in schemas:
        with schema_scope(schema):
            rows = Workflow.objects.filter(state=WORKFLOW.start).order_by("client_id", "pk")
            live = rows.exclude(mode=_NIGHTLY).distinct("client_id")
            for workflow in rows.filter(mode=_NIGHTLY) if night else live:
                run_now(actor, workflow)


def wait_until_quiet(
    schemas: Sequence[str],
    since: datetime,
    read_since: datetime | None,
    *,
    tell: Callable[[str], None],
    check: Callable[[], None],
    seconds: float = 300.0,
) -> None:
    """Return when each schema has read all its sources since `read_since` (None: no matter), none
    of them in vain, and nothing is to be sent, being sent, compared or tried again; what is held
    or needs a person stays.

    `tell` gets the progress; `check` may raise. Raises StuckError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        check()
        left = [schema for schema in schemas if not _is_quiet(schema, read_since)]
        if not left:
            return
        tell(" · ".join(_progress(schema, since) for schema in schemas))
        if time.monotonic() > deadline:
            said = "; ".join(_progress(schema, since) for schema in left)
            raise StuckError(f"The workers were not done after {seconds:.0f} s: {said}")
        time.sleep(LOOK_EVERY)


def _is_quiet(schema: str, read_since: datetime | None) -> bool:
    with schema_scope(schema):
        streams = Stream.objects.filter(enabled=True)
        unread = Q(next_poll_at__lte=timezone.now()) | Q(failures__gt=0)
        if read_since and (
            streams.exclude(polled_at__gte=read_since).exists() or streams.filter(unread).exists()
        ):
            return False
        late = Workflow.objects.filter(state=WORKFLOW.start, next_run_at__lte=timezone.now())
        comparing = Run.objects.filter(state=RUN.start, detail__has_key="comparing")
        if late.exists() or comparing.exists():
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
    sources = f"{unread} source{'' if unread == 1 else 's'} to read"
    return f"{name}: {counted['done']} done, {counted['left']} to go, {sources}"
