"""Records how deliveries ended: state, attempt, reference, exception, usage and audit together.

Every write of an outcome is fenced: a row whose lease has passed to another worker is left
alone, and nothing else of its outcome is kept either.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction

from governance.deadlocks import again_after_deadlock
from syncjobs.crashpoints import reach
from syncjobs.engine import entries, health, refs
from syncjobs.engine.claim import Claim
from syncjobs.engine.definition import GO_ON
from syncjobs.engine.issues import Occurrence, raise_issues, settle_issues
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.release import release_watchers
from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.engine.runs import refresh_soon
from syncjobs.neighbours import watch_delivery, watch_ref
from syncjobs.state import DELIVERY, RUN

# Ends of one version of a record, from which a newer one starts afresh.
OVERTAKEN: Final = DELIVERY.closed | DELIVERY.moves["supersede"][0]


@again_after_deadlock
def record(outcomes: Sequence[Outcome], *, worker: str) -> int:
    """Record a batch in one transaction; return how many were still ours."""
    if not outcomes:
        return 0
    with transaction.atomic():
        ours = _still_ours(outcomes)
        refs.keep_apart(ours)
        issues = _raise(ours)
        ended = _update(ours, issues)
        entries.write(ours, worker)
        refs.write(ours)
        health.learn(ours)
        _settle(ours, issues, ended)
        entries.count_usage(ours)
        reach("ledger.before_commit")
    reach("ledger.after_commit")
    return len(ours)


def record_blocked(outcomes: Sequence[Outcome]) -> None:
    """Record what is held or waits, in the caller's transaction.

    It holds the rows (`lock_claims`) and then the shared lock, in that order.
    """
    ours = _still_ours(outcomes)
    issues = _raise(ours)
    _update(ours, issues)
    entries.write_holds(ours)
    _settle_issues(ours, issues)
    refresh_soon(_runs(ours))


def lock_claims(claims: Sequence[Claim]) -> list[Claim]:
    """Lock the rows of these claims, in the order that everybody does; return those still ours.

    Rows come before the advisory lock, always: who plans holds rows and then asks for it.
    """
    if not claims:
        return []
    rows = fetch(_LOCK, {"ids": [one.delivery_id for one in claims]})
    running = DELIVERY.target("claim")
    ours = {(id_, lease_no) for id_, lease_no, state in rows if state == running}
    return [one for one in claims if (one.delivery_id, one.lease_no) in ours]


def note_intents(jobs: Sequence[Job]) -> None:
    """Remember what is about to be sent, so that a later start can tell what it finds there.

    In the transaction that locked the jobs' claims (`lock_claims`): they are fenced already.
    A row whose last answer never came keeps its note only if the content is the same: what
    may have arrived is then known; otherwise it is not.
    """
    if jobs:
        ids = [job.delivery.pk for job in jobs]
        execute(_INTENT, {"ids": ids, "hashes": [_intent(job) for job in jobs]})


def _intent(job: Job) -> str:
    uncertain = job.delivery.verify and job.delivery.content_hash != job.content_hash
    return "" if uncertain else job.content_hash


def _still_ours(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Lock the rows; keep the outcomes whose lease is still the one they were claimed with."""
    claims = [Claim(one.job.delivery.pk, one.job.lease_no) for one in outcomes]
    ours = {one.delivery_id for one in lock_claims(claims)}
    return [one for one in outcomes if one.job.delivery.pk in ours]


def _raise(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return raise_issues(
        [
            Occurrence(
                cause=one.cause,
                text=f"{one.job.record.key}: {one.text}",
                delivery_id=one.job.delivery.pk,
                # The same row held again for the same reason is no second occurrence.
                counts=one.move not in ("hold", "wait") or one.job.delivery.issue_id is None,
            )
            for one in outcomes
            if one.cause is not None
        ]
    )


def _issue_of(outcome: Outcome, issues: dict[str, int]) -> int | None:
    """A row that goes back, or is tried again later, keeps its cause until it has ended."""
    if outcome.cause is not None:
        return issues[outcome.cause.fingerprint]
    kept = outcome.move in ("give_back", "retry_later", "lose_answer")
    return outcome.job.delivery.issue_id if kept else None


def _update(outcomes: Sequence[Outcome], issues: dict[str, int]) -> list[Outcome]:
    """Write the rows; return the outcomes whose delivery is closed now."""
    rows = [_row(one, issues) for one in outcomes]
    if not rows:
        return []
    found = fetch(
        _UPDATE,
        {
            "rows": encode(rows),
            "newer": DELIVERY.target("requeue_newer"),
            "closed": sorted(DELIVERY.closed),
            "overtaken": sorted(OVERTAKEN),
        },
    )
    states = dict(found) | _give_up_with_run(outcomes)
    return [one for one in outcomes if states[one.job.delivery.pk] in DELIVERY.closed]


def _give_up_with_run(outcomes: Sequence[Outcome]) -> dict[int, str]:
    """Cancel what goes back into the queue, known not to be written, and whose run a person has
    given up meanwhile; return its state by id."""
    ids = [one.job.delivery.pk for one in outcomes if one.move in _GOES_BACK and not one.verify]
    if not ids:
        return {}
    gone = {
        "ids": ids,
        "back": sorted(DELIVERY.target(move) for move in _GOES_BACK),
        "given_up": RUN.target("cancel"),
        "to": DELIVERY.target("cancel"),
    }
    return dict(fetch(_GIVE_UP, gone))


def _row(outcome: Outcome, issues: dict[str, int]) -> dict[str, object]:
    job = outcome.job
    return {
        "id": job.delivery.pk,
        "state": DELIVERY.after(DELIVERY.target("claim"), outcome.move),
        "version": job.record.version,
        "counted": 0 if outcome.attempt else 1,
        # A start that sent nothing says nothing about those before it, of which workers died.
        "unsent": outcome.move == "give_back",
        "delay": outcome.delay,
        # Who has not been asked since is to be asked still.
        "verify": outcome.verify or (job.delivery.verify and not outcome.called),
        "outcome": outcome.text[:200],
        "error_class": outcome.error_class,
        "error_text": outcome.text if outcome.error_class else "",
        "watch": list(outcome.watch),
        "issue": _issue_of(outcome, issues),
        "mapping_version": job.mapping_version,
    }


def _runs(outcomes: Iterable[Outcome]) -> set[int]:
    return {one.job.delivery.run_id for one in outcomes if one.job.delivery.run_id is not None}


def _settle(ours: Sequence[Outcome], issues: dict[str, int], ended: Sequence[Outcome]) -> None:
    _settle_issues(ours, issues)
    keys: dict[int, list[str]] = defaultdict(list)
    for one in ended:
        keys[one.job.delivery.client_id].append(watch_delivery(one.job.delivery.pk))
    for one in ours:
        if one.move in ("fail", "park") and one.job.step.on_failure == GO_ON:
            keys[one.job.delivery.client_id].append(watch_delivery(one.job.delivery.pk))
        if one.sent is not None:
            delivery, record_ = one.job.delivery, one.job.record
            keys[delivery.client_id].append(
                watch_ref(delivery.connection_id, record_.type, record_.key)
            )
    _read_back(ours)
    for client_id in sorted(keys):
        release_watchers(client_id, keys[client_id])
    refresh_soon(_runs(ours))


def _read_back(ours: Sequence[Outcome]) -> None:
    """Read a target soon where we made something: it may have filled in what gates ask for."""
    made = {
        (one.job.delivery.connection_id, one.job.delivery.object)
        for one in ours
        if one.wrote and one.job.write is not None and one.job.write.mode == "create"
    }
    if made:
        execute(
            _READ_BACK,
            {
                "connections": [connection for connection, _ in sorted(made)],
                "objects": [object_ for _, object_ in sorted(made)],
            },
        )


def _settle_issues(ours: Sequence[Outcome], issues: dict[str, int]) -> None:
    """Close what these rows suffered from and do no longer."""
    before = {one.job.delivery.issue_id for one in ours if one.job.delivery.issue_id}
    settle_issues(before - set(issues.values()))


_GOES_BACK: Final = frozenset({"give_back", "retry_later"})
_GIVE_UP: Final = """
    UPDATE syncjobs_delivery AS d
    SET state = %(to)s, issue_id = NULL, outcome = 'Given up with its run.',
        finished_at = statement_timestamp(), updated_at = statement_timestamp()
    FROM syncjobs_run r
    WHERE d.id = ANY(%(ids)s::bigint[]) AND r.id = d.run_id AND r.state = %(given_up)s
      AND d.state = ANY(%(back)s::text[]) AND NOT d.verify
    RETURNING d.id, d.state
"""
_READ_BACK: Final = """
    UPDATE syncjobs_stream AS s SET next_poll_at = statement_timestamp()
    FROM unnest(%(connections)s::bigint[], %(objects)s::text[]) AS x(connection_id, object)
    WHERE s.connection_id = x.connection_id AND s.object = x.object AND s.enabled
"""
_LOCK: Final = """
    SELECT id, lease_no, state FROM syncjobs_delivery
    WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE
"""
_INTENT: Final = """
    UPDATE syncjobs_delivery AS d SET content_hash = x.hash
    FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS x(id, hash)
    WHERE d.id = x.id AND d.id = ANY(%(ids)s::bigint[])
"""
# A row that got a newer version of its record while it was written goes back for it, as one
# would that had ended a moment earlier: also where the older version was refused.
_UPDATE: Final = """
    UPDATE syncjobs_delivery AS d
    SET state = CASE WHEN x.state = ANY(%(overtaken)s::text[]) AND d.record_version > x.version
            THEN %(newer)s ELSE x.state END,
        lease_until = NULL,
        unfinished_starts = CASE WHEN x.unsent THEN greatest(d.unfinished_starts - 1, 0) ELSE 0 END,
        attempts = d.attempts - x.counted, verify = x.verify, outcome = x.outcome,
        error_class = x.error_class, error_text = x.error_text, watch = x.watch,
        issue_id = x.issue, mapping_version = coalesce(x.mapping_version, d.mapping_version),
        not_before = statement_timestamp() + x.delay * interval '1 second',
        finished_at = CASE WHEN x.state = ANY(%(closed)s::text[])
            AND d.record_version <= x.version THEN statement_timestamp() END,
        updated_at = statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(
        id bigint, state text, version int, counted int, unsent boolean, delay double precision,
        verify boolean, outcome text, error_class text, error_text text, watch text[],
        issue bigint, mapping_version bigint)
    WHERE d.id = x.id
    RETURNING d.id, d.state
"""
