"""Takes due deliveries for one worker: locked, leased, fenced, counted at the start."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from msgspec import Struct

from governance.deadlocks import again_after_deadlock
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_issues
from syncjobs.engine.rows import execute, fetch
from syncjobs.models import Delivery, Workflow
from syncjobs.retry import after_lost_lease
from syncjobs.state import BREAKER, CLAIMABLE, DELIVERY, UNUSABLE, WORKFLOW

# Longer than the longest send (a call's time-out plus a sign-in); short enough that the work of
# a dead worker goes on within a minute.
LEASE_SECONDS: Final = 50
# After this long a worker sends nothing more under the same claim.
SEND_SECONDS: Final = 15
BATCH: Final = 200
# How many of each other client's deliveries a full claim takes along, and of all of them.
EACH: Final = 5
MOST_OTHERS: Final = 100
# How long the others wait for what a probe through an open breaker finds.
PROBE_SECONDS: Final = 15
AGE_SECONDS: Final = 600
POISON: Final = "Three starts of this delivery never ended."


class Claim(Struct, frozen=True):
    """A delivery that this worker holds until its lease ends. lease_no fences it."""

    delivery_id: int
    lease_no: int


def claim(limit: int = BATCH, without: Sequence[int] = (), only: int | None = None) -> list[Claim]:
    """Take up to `limit` due deliveries, most urgent first. Empty when nothing is due.

    Clients that are not among these get a few of theirs taken as well, so that one's backlog
    does not delay another's. `without`: connections that are left alone for now.

    One per record and system, so that a record's writes keep their order. A row whose worker
    died is taken alone: were it poison, it would take down only itself.

    `only`: more for a connection to which an earlier claim is being sent: nothing where others
    would be taken as well, nothing that is to be taken alone, and nothing through a breaker that
    is not closed.
    """
    try:
        with transaction.atomic():
            # In the order of the index of what is due, whatever the statistics say: else all
            # that is due is looked at and sorted for each claim.
            execute("SET LOCAL enable_sort = off", {})
            found = _candidates(limit, without) if only is None else _more(limit, without, only)
            chosen = _choose(found)
            if any(breaker != BREAKER.start for _, _, _, breaker, _, _ in found):
                chosen = _one_probe_each(chosen)
            return [Claim(*row) for row in fetch(_TAKE, _take(chosen))] if chosen else []
    except IntegrityError:
        # Another worker took a delivery of the same record in the same instant; the index
        # that keeps the order refused ours. It is there for the next claim.
        return []


def has_due(number: int = 1) -> bool:
    """Say whether so many deliveries are due, without taking them."""
    ((found,),) = fetch(_NUMBER_DUE, deliverable() | {"limit": number})
    return bool(found == number)


def _more(limit: int, without: Sequence[int], only: int) -> list[tuple[Any, ...]]:
    found = _candidates(limit, without)
    if any(connection_id != only for _, _, connection_id, *_ in found):
        return []
    return [one for one in found if one[3] == BREAKER.start and not one[4]]


def _candidates(limit: int, without: Sequence[int]) -> list[tuple[Any, ...]]:
    params = _parameters(limit) | {"without": list(without)}
    found = fetch(_CANDIDATES, params)
    if len(found) < limit:
        return found
    clients = {client for *_, client in found}
    return found + fetch(
        _OTHERS, params | {"clients": sorted(clients), "each": EACH, "most": MOST_OTHERS}
    )


def _parameters(limit: int) -> dict[str, object]:
    return deliverable() | {"running": DELIVERY.target("claim"), "limit": limit}


def deliverable() -> dict[str, object]:
    """Return the parameters of `DUE`."""
    return {
        "claimable": sorted(CLAIMABLE),
        "unusable": sorted(UNUSABLE),
        "active": WORKFLOW.start,
    }


def _take(chosen: list[int]) -> dict[str, object]:
    return {"ids": chosen, "running": DELIVERY.target("claim"), "seconds": LEASE_SECONDS}


def _choose(candidates: Sequence[tuple[Any, ...]]) -> list[int]:
    chosen: list[int] = []
    taken: set[tuple[int, int]] = set()
    probed: set[int] = set()
    for id_, record_id, connection_id, breaker, unfinished, _ in candidates:
        if unfinished:
            if not chosen:
                return [id_]
            continue
        if (record_id, connection_id) in taken:
            continue
        if breaker != BREAKER.start:
            # The breaker's pause is over: one write goes ahead to see.
            if connection_id in probed:
                continue
            probed.add(connection_id)
        taken.add((record_id, connection_id))
        chosen.append(id_)
    return chosen


def _one_probe_each(chosen: list[int]) -> list[int]:
    """Through an open breaker one write goes ahead, of one worker: drop those of the others."""
    if not chosen:
        return []
    shut = fetch(_SHUT, {"ids": chosen, "closed": BREAKER.start})
    params = {
        "connections": sorted({connection for _, connection in shut}),
        "closed": BREAKER.start,
        "to": BREAKER.target("probe"),
        "seconds": PROBE_SECONDS,
    }
    ours = {id_ for (id_,) in fetch(_PROBE, params)} if shut else set()
    lost = {id_ for id_, connection in shut if connection not in ours}
    return [id_ for id_ in chosen if id_ not in lost]


def age(*, now_due: int = 2_000) -> int:
    """Let what has been due for long go a class ahead, so that nothing starves; return how many.

    From the background after ten minutes, from normal after twenty.
    """
    return len(fetch(_AGE, lapsed() | {"limit": now_due}))


def lapsed() -> dict[str, object]:
    """Return the parameters of `LAPSED` and `AGED`."""
    return {
        "claimable": sorted(CLAIMABLE),
        "running": DELIVERY.target("claim"),
        "first": Workflow.Priority.BILLING.value,
        "normal": Workflow.Priority.NORMAL.value,
        "seconds": AGE_SECONDS,
    }


@again_after_deadlock
def renew(claims: Sequence[Claim]) -> None:
    """Lengthen the leases that are still ours."""
    fetch(
        _RENEW,
        {
            "ids": [one.delivery_id for one in claims],
            "leases": [one.lease_no for one in claims],
            "running": DELIVERY.target("claim"),
            "seconds": LEASE_SECONDS,
        },
    )


@transaction.atomic
def reap() -> int:
    """Take back deliveries whose lease has ended; return how many.

    What they did is not known: the target is asked before anything is sent again, but for those
    of which no start had noted what it would send. Three starts that never ended are enough.
    """
    expired = fetch(_EXPIRED, {"running": DELIVERY.target("claim")})
    moves: dict[str, list[int]] = {}
    before: set[int] = set()
    for id_, unfinished, may_have_sent, issue_id in expired:
        decision = after_lost_lease(unfinished, may_have_sent=may_have_sent)
        moves.setdefault(decision.move, []).append(id_)
        if decision.move == "park" and issue_id is not None:
            before.add(issue_id)
    for move, ids in moves.items():
        text = POISON if move == "park" else ""
        fetch(_REAP, {"ids": ids, "to": DELIVERY.target(move), "text": text})
    for delivery in Delivery.objects.filter(pk__in=moves.get("park", ())).select_related(
        "workflow"
    ):
        Delivery.objects.filter(pk=delivery.pk).update(issue=_poison(delivery))
    # What they suffered from before is not why they stand still now.
    settle_issues(before)
    return len(expired)


def _poison(delivery: Delivery) -> int:
    cause = Cause(
        kind="worker_died",
        client_id=delivery.client_id,
        same=(delivery.pk,),
        detail={"step": delivery.step, "workflow": delivery.workflow.name},
        connection_id=delivery.connection_id,
        workflow_id=delivery.workflow_id,
    )
    found = raise_issues([Occurrence(cause, POISON, delivery.pk)])
    return found[cause.fingerprint]


_WHAT: Final = """
    d.id, d.record_id, d.connection_id,
    (SELECT c.breaker FROM syncjobs_connection c WHERE c.id = d.connection_id),
    d.unfinished_starts, d.client_id
"""
DUE: Final = """
    FROM syncjobs_delivery d
    WHERE d.state = ANY(%(claimable)s::text[]) AND d.not_before <= statement_timestamp()
      AND d.workflow_id = ANY(ARRAY(
          SELECT w.id FROM syncjobs_workflow w WHERE w.state = %(active)s))
      AND d.connection_id = ANY(ARRAY(
          SELECT c.id FROM syncjobs_connection c WHERE c.state <> ALL(%(unusable)s::text[])
          AND (c.breaker_until IS NULL OR c.breaker_until <= statement_timestamp())))
"""
# OFFSET 0: asked for each row by its record. As a join, all that runs there could be looked
# through for each row.
_FREE: Final = """
      AND d.connection_id <> ALL(%(without)s::bigint[])
      AND NOT EXISTS (
          SELECT 1 FROM syncjobs_delivery r
          WHERE r.record_id = d.record_id AND r.connection_id = d.connection_id
            AND r.state = %(running)s OFFSET 0)
"""
_ORDER: Final = "ORDER BY d.priority, d.not_before, d.id"
_CANDIDATES: Final = f"""
    SELECT {_WHAT} {DUE} {_FREE} {_ORDER} LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
"""
# A few of each client of whom nothing was found: by the index of a client's open rows.
_OTHERS: Final = f"""
    SELECT found.* FROM (
        SELECT id FROM accounts_client WHERE id <> ALL(%(clients)s::bigint[]) ORDER BY random()) k
    CROSS JOIN LATERAL (
        SELECT {_WHAT} {DUE} {_FREE} AND d.client_id = k.id
        {_ORDER} LIMIT %(each)s FOR UPDATE OF d SKIP LOCKED) found
    LIMIT %(most)s
"""  # noqa: S608  our own constants
_NUMBER_DUE: Final = f"SELECT count(*) FROM (SELECT 1 {DUE} LIMIT %(limit)s) one"  # noqa: S608
_SHUT: Final = """
    SELECT d.id, d.connection_id FROM syncjobs_delivery d
    JOIN syncjobs_connection c ON c.id = d.connection_id
    WHERE d.id = ANY(%(ids)s::bigint[]) AND c.breaker <> %(closed)s
"""
# Who waits for this row's lock looks again afterwards, and finds the pause that the first set.
_PROBE: Final = """
    UPDATE syncjobs_connection
    SET breaker = %(to)s, breaker_until = clock_timestamp() + %(seconds)s * interval '1 second'
    WHERE id IN (
        SELECT id FROM syncjobs_connection
        WHERE id = ANY(%(connections)s::bigint[]) AND breaker <> %(closed)s
          AND (breaker_until IS NULL OR breaker_until <= clock_timestamp())
        ORDER BY id FOR NO KEY UPDATE)
    RETURNING id
"""
# What has run out; what waits a class below its age. With the parameters of `lapsed`.
LAPSED: Final = "state = %(running)s AND lease_until < statement_timestamp()"
AGED: Final = """
    state = ANY(%(claimable)s::text[]) AND (
        (priority > %(normal)s AND not_before
            < statement_timestamp() - %(seconds)s * interval '1 second')
        OR (priority > %(first)s AND priority <= %(normal)s AND not_before
            < statement_timestamp() - 2 * %(seconds)s * interval '1 second'))
"""
_AGE: Final = f"""
    UPDATE syncjobs_delivery SET priority = CASE WHEN priority > %(normal)s
        THEN %(normal)s ELSE %(first)s END
    WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_delivery WHERE {AGED}
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING id
"""  # noqa: S608  our own constants
_TAKE: Final = """
    UPDATE syncjobs_delivery
    SET state = %(running)s, lease_no = lease_no + 1, attempts = attempts + 1,
        unfinished_starts = unfinished_starts + 1,
        lease_until = statement_timestamp() + %(seconds)s * interval '1 second',
        updated_at = statement_timestamp()
    WHERE id = ANY(%(ids)s::bigint[])
    RETURNING id, lease_no
"""
# What is about to be sent is noted, and committed, before it is; where a note would mislead the
# next start, none is made, and then `verify` stands.
_MAY_HAVE_SENT: Final = "(verify OR content_hash <> '')"
_EXPIRED: Final = f"""
    SELECT id, unfinished_starts, {_MAY_HAVE_SENT}, issue_id FROM syncjobs_delivery
    WHERE {LAPSED} ORDER BY id FOR UPDATE SKIP LOCKED
"""  # noqa: S608  our own constants
_REAP: Final = f"""
    UPDATE syncjobs_delivery
    SET state = %(to)s, lease_no = lease_no + 1, lease_until = NULL,
        verify = {_MAY_HAVE_SENT},
        not_before = statement_timestamp(), error_text = %(text)s,
        updated_at = statement_timestamp()
    WHERE id = ANY(%(ids)s::bigint[])
    RETURNING id
"""  # noqa: S608  our own constants
# In the order in which everybody locks them: who records does it at the same time.
_RENEW: Final = """
    UPDATE syncjobs_delivery AS d
    SET lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE d.id = ANY(ARRAY(
        SELECT l.id FROM unnest(%(ids)s::bigint[], %(leases)s::bigint[]) AS x(id, lease_no)
        JOIN syncjobs_delivery l ON l.id = x.id
        WHERE l.lease_no = x.lease_no AND l.state = %(running)s
        ORDER BY l.id FOR NO KEY UPDATE OF l))
    RETURNING d.id
"""
