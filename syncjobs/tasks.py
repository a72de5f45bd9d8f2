"""What the queue runs. A task only says "there is work for this schema"; it does what is due."""

import logging
from typing import Final

from django_tenants.utils import get_public_schema_name

from governance import correlation
from governance.actors import task_actor
from syncjobs.engine.doorbell import ring
from syncjobs.engine.drain import drain
from syncjobs.engine.rows import fetch
from syncjobs.engine.stopping import asked_to_stop
from syncjobs.telling.sending import send_messages
from tenants.context import schema_scope
from tenants.models import Partner
from tenants.outbox.services.sending import send_due
from tenants.services.cleaning import clean_hourly
from tenants.services.outside import anchor_outside as bring_outside
from tenants.services.trails import seal_here
from tenants.trail_marks import put_off

logger = logging.getLogger(__name__)
PUBLIC = get_public_schema_name()
_ACTIVE: Final = """
    SELECT 1 FROM public.tenants_partner WHERE schema_name = %(schema)s AND status = %(active)s
"""


def run(schema: str) -> str:
    """Do what is due in one partner's schema, then ring again if there is more.

    Everything that it touches is inside `schema_scope`: whatever tenant the task before it
    left selected does not matter. Losing, doubling or reordering rings changes nothing.
    """
    with (
        schema_scope(schema),
        correlation.scope(actor=task_actor("worker"), door="task"),
    ):
        if not _is_active(schema):
            return f"{schema}: no active partner"
        done = drain(stop=asked_to_stop)
        if done.more:
            ring()
    return f"{schema}: {done.deliveries} deliveries, {done.read} records read"


def _is_active(schema: str) -> bool:
    """Say whether a partner may work, without a change of the search path there and back."""
    params = {"schema": schema, "active": Partner.Status.ACTIVE.value}
    return bool(fetch(_ACTIVE, params))


def send_mail(schema: str) -> str:
    """Send the mails that are due in one schema, the operators' included, and the messages to
    other programs, and tidy up there.

    It is rung for at least every quarter of an hour, also where nothing else happens.
    """
    with (
        schema_scope(schema),
        correlation.scope(actor=task_actor("worker"), door="task"),
    ):
        if schema != PUBLIC and not _is_active(schema):
            return f"{schema}: no active partner"
        tried = send_due(stop=asked_to_stop)
        posted = 0 if schema == PUBLIC else send_messages(stop=asked_to_stop)
        clean_hourly()
    return f"{schema}: {tried} mails, {posted} messages"


def seal_trails(schemas: list[str]) -> str:
    """Seal and anchor the audit trails of some schemas; one that fails does not stop the rest.

    It is put behind the others and comes again a minute later.
    """
    sealed = 0
    for schema in schemas:
        try:
            with schema_scope(schema), correlation.scope(actor=task_actor("worker"), door="task"):
                sealed += seal_here()
        except Exception:  # the boundary between trails: whatever one has, the others are sealed
            logger.exception("The audit trail of %s was not sealed or anchored.", schema)
            put_off(schema)
    return f"{sealed} entries sealed in {len(schemas)} trails"


def anchor_outside(schemas: list[str]) -> str:
    """Bring the ends of some audit trails to the further places; a place that fails for one of
    them is left alone for a moment, so that it holds nobody up."""
    skipped: set[str] = set()
    taken = 0
    for schema in schemas:
        try:
            with schema_scope(schema), correlation.scope(actor=task_actor("worker"), door="task"):
                taken += bring_outside(skipped)
        except Exception:  # the boundary between trails
            logger.exception("The audit trail of %s was not brought outside.", schema)
    return f"{taken} anchors for {len(schemas)} trails"
