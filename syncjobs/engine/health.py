"""What outcomes say about a connection: well, failing for a while, or refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Value
from django.db.models.functions import Greatest

from governance.services import audit
from syncjobs import actions
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_connection
from syncjobs.engine.jobs import Outcome
from syncjobs.engine.rows import database_now, execute, fetch
from syncjobs.engine.transitions import move_row
from syncjobs.models import Connection
from syncjobs.retry import OUTAGE, TRIP_AFTER, open_for, trips
from syncjobs.state import BREAKER, CLAIMABLE, CONNECTION, WORKFLOW
from tenants.outbox.doorbell import ring_after_commit

# A system that answers well hundreds of times a second is noted so often only.
TOLD_SECONDS: Final = 5


def learn(outcomes: Sequence[Outcome]) -> None:
    """Update breaker and health of the connections that these outcomes used."""
    for connection_id in sorted({one.job.delivery.connection_id for one in outcomes}):
        own = [one for one in outcomes if one.job.delivery.connection_id == connection_id]
        called = [one for one in own if one.called]
        if called:
            _learn(connection_id, called)


def _learn(connection_id: int, called: Sequence[Outcome]) -> None:
    refused = next((one for one in called if one.error_class == "config"), None)
    failures = 0
    for one in called:
        failures = failures + 1 if one.error_class in OUTAGE else 0
    pause = max((one.delay for one in called if one.error_class == "rate_limited"), default=0.0)
    if refused is not None:
        refuse(connection_id, refused.text)
    elif failures:
        stumble(connection_id, failures, called[-1].text)
    elif pause:
        until = Value(database_now() + timedelta(seconds=pause))
        Connection.objects.filter(pk=connection_id).update(
            breaker_until=Greatest("breaker_until", until)
        )
    elif any(not one.error_class for one in called):
        recover(connection_id)


def recover(connection_id: int, *, reading: bool = False) -> None:
    """Note that the system answered well; close the breaker and what it had raised.

    What lasts still, a pause that the system asked for or that of a breaker, lasts on: this
    answers a call that began before.

    A `reading` that ends well closes none that failed writes hold open: a system may be read for
    hours while it takes nothing, and each reading would let a burst of writes through, end the
    exception and raise it anew. There the next write tells.
    """
    params = {
        "connection": connection_id,
        "closed": BREAKER.start,
        "well": CONNECTION.target("pass"),
        "seconds": TOLD_SECONDS,
    }
    found = fetch(_WELL, params)
    if found:
        ((is_told,),) = found
        if is_told or execute(_TELL, params):
            return
    if reading and fetch(_TAKES_NOTHING, params | _writes_that_failed()):
        return
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    if not _is_known(row):
        # That of a probe ends with its answer; that of a closed breaker the system asked for.
        asked_for = row.breaker == BREAKER.start and _rests(row)
        _heal(row, row.breaker_until if asked_for else None)


def reopen(connection_id: int) -> None:
    """Close the breaker, end any pause and what they had raised: a person has just tried it."""
    _heal(Connection.objects.select_for_update(no_key=True).get(pk=connection_id), None)


def _heal(row: Connection, pause: datetime | None) -> None:
    ring_after_commit()  # whoever asked is told that it is over
    move_row(
        row,
        BREAKER,
        "heal",
        column="breaker",
        breaker_failures=0,
        breaker_until=pause,
        last_ok_at=database_now(),
        last_error="",
    )
    if CONNECTION.may(row.state, "pass"):
        move_row(row, CONNECTION, "pass")
    settle_connection(row.pk, ["system_unreachable", "credentials_refused", "reading_failed"])


def _writes_that_failed() -> dict[str, object]:
    return {
        "claimable": sorted(CLAIMABLE),
        "outage": sorted(OUTAGE),
        "active": WORKFLOW.start,
    }


def stumble(connection_id: int, failures: int, text: str) -> None:
    """Count failures in a row; enough of them open the breaker and raise one exception.

    However many calls were under way when the system went out, they open it once: those that
    come back later say nothing new. After that each probe counts.
    """
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    if _is_known(row):
        return
    if row.breaker == BREAKER.start:
        total = row.breaker_failures + failures
        if not trips(total):
            told: dict[str, object] = {"breaker_failures": total, "last_error": text[:500]}
            Connection.objects.filter(pk=connection_id).update(**told)
            return
        total = TRIP_AFTER
        ring_after_commit()
    else:
        total = row.breaker_failures + 1
    changes: dict[str, object] = {"breaker_failures": total, "last_error": text[:500]}
    until = database_now() + timedelta(seconds=open_for(total))
    move_row(row, BREAKER, "trip", column="breaker", breaker_until=until, **changes)
    if CONNECTION.may(row.state, "fail"):
        move_row(row, CONNECTION, "fail")
    raise_issues([Occurrence(_cause(row, "system_unreachable", text), text)])


def _is_known(row: Connection) -> bool:
    """Say whether the breaker stays open for a while yet: nothing was sent since it opened."""
    return row.breaker == BREAKER.target("trip") and _rests(row)


def _rests(row: Connection) -> bool:
    return row.breaker_until is not None and row.breaker_until > database_now()


def refuse(connection_id: int, text: str) -> None:
    """Stop using the connection until its credentials or address are mended."""
    row = (
        Connection.objects.select_for_update(no_key=True, of=("self",))
        .select_related("client")
        .get(pk=connection_id)
    )
    if CONNECTION.may(row.state, "refuse"):
        ring_after_commit()
        move_row(row, CONNECTION, "refuse", last_error=text[:500])
        audit.record(
            actions.CONNECTION_REFUSED,
            object_kind="connection",
            object_id=row.pk,
            object_label=row.name,
            client_id=row.client_id,
            reason=text,
        )
    raise_issues([Occurrence(_cause(row, "credentials_refused", text), text)])


def _cause(row: Connection, kind: str, text: str) -> Cause:
    return Cause(
        kind=kind,
        client_id=row.client_id,
        same=(row.pk,),
        detail={"connection": row.name, "reason": text},
        connection_id=row.pk,
    )


_IS_WELL: Final = """
    id = %(connection)s AND breaker = %(closed)s AND breaker_failures = 0 AND state = %(well)s
"""
_WELL: Final = f"""
    SELECT (breaker_until IS NULL OR breaker_until > statement_timestamp())
        AND coalesce(last_ok_at > statement_timestamp() - %(seconds)s * interval '1 second', false)
    FROM syncjobs_connection WHERE {_IS_WELL}
"""  # noqa: S608  our own constants
_TELL: Final = f"""
    UPDATE syncjobs_connection SET last_ok_at = statement_timestamp(), breaker_until = CASE
        WHEN breaker_until > statement_timestamp() THEN breaker_until END
    WHERE {_IS_WELL}
"""  # noqa: S608  our own constants
_TAKES_NOTHING: Final = """
    SELECT 1 FROM syncjobs_connection c
    WHERE c.id = %(connection)s AND c.breaker <> %(closed)s AND EXISTS (
        SELECT 1 FROM syncjobs_delivery d JOIN syncjobs_workflow w ON w.id = d.workflow_id
        WHERE d.connection_id = c.id AND d.state = ANY(%(claimable)s::text[])
          AND d.error_class = ANY(%(outage)s::text[]) AND w.state = %(active)s)
"""
