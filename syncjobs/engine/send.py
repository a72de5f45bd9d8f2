"""Sends one prepared write. No database here: it runs in a sending thread."""

from collections.abc import Sequence
from random import random
from time import monotonic
from typing import Final

from django.utils import timezone
from msgspec.structs import replace

from syncjobs.connectors.base import LONGEST_ID, Connector, Write, Written
from syncjobs.connectors.errors import ConnectorError, Permanent, Unknown
from syncjobs.crashpoints import reach
from syncjobs.engine.blocking import DELETED, WITHDRAWN, wait_for_there
from syncjobs.engine.issues import Cause
from syncjobs.engine.jobs import Job, Outcome, Sent
from syncjobs.retry import decide
from syncjobs.sameness import shows
from syncjobs.services.catalogue import GONE
from syncjobs.state import BREAKER

_NOT_THERE: Final = frozenset({404, 410})
_KINDS = {
    "config": "credentials_refused",
    "rejected": "rejected_by_target",
    "permanent": "write_not_understood",
    "conflict": "changed_there",
    "unknown": "outcome_unknown",
}


def send(job: Job, system: Connector) -> Outcome:
    """Write, after asking the target where that is due; every error becomes an outcome."""
    started, at = monotonic(), timezone.now()
    try:
        outcome = _send(job, system)
    except ConnectorError as error:
        outcome = failed(job, error, verify=job.delivery.verify)
    except _LookUpFailed as failure:
        outcome = _not_asked(job, failure.error)
    except _TooLate:
        outcome = Outcome(job, "give_back", verify=job.delivery.verify)
    outcome.started_at, outcome.seconds = at, monotonic() - started
    return outcome


def can_batch(job: Job, system: Connector) -> int:
    """Return how many such writes one call takes; 1 where this one must go alone.

    A write that may be there already is asked for first, and an update needs its version.
    """
    write = job.write
    if write is None or write.mode != "create" or _must_ask(job, write):
        return 1
    try:
        return max(1, system.descriptor.object(write.object).batch)
    except KeyError:
        return 1


def send_many(jobs: Sequence[Job], system: Connector) -> list[Outcome]:
    """Write several in one call; each gets its own outcome, a lost answer makes each unknown."""
    if len(jobs) == 1:
        return [send(jobs[0], system)]
    started, at = monotonic(), timezone.now()
    outcomes = _send_batch(jobs, system)
    for outcome in outcomes:
        outcome.started_at, outcome.seconds = at, monotonic() - started
    return outcomes


def _send_batch(jobs: Sequence[Job], system: Connector) -> list[Outcome]:
    writes = [job.write for job in jobs if job.write is not None]
    reach("deliver.before_write")
    if monotonic() > min(job.send_before for job in jobs):
        return [Outcome(job, "give_back", verify=job.delivery.verify) for job in jobs]
    try:
        results = system.write_many(writes)
    except ConnectorError as error:
        outcomes = [failed(job, error, verify=job.delivery.verify) for job in jobs]
        for outcome in outcomes[1:]:
            # One call failed, not as many as it carried: the breaker counts calls.
            outcome.called = False
        return outcomes
    reach("deliver.after_write")
    return [
        failed(job, result, verify=job.delivery.verify)
        if isinstance(result, ConnectorError)
        else _done(job, result, "Created there.", looked_up=False)
        for job, result in zip(jobs, results, strict=True)
    ]


class _LookUpFailed(Exception):
    """Asking the target failed: nothing was written by this start."""

    def __init__(self, error: ConnectorError) -> None:
        super().__init__(error.message)
        self.error = error


class _TooLate(Exception):
    """The lease may have passed to another worker: nothing is sent any more."""


def _send(job: Job, system: Connector) -> Outcome:
    assert job.write is not None
    write, looked_up = job.write, False
    if _must_ask(job, write):
        found = _look_up(job, system, write)
        looked_up = True
        if job.step.mode == "match":
            return _linked(job, found) if found is not None else _not_there(job)
        if found is not None:
            if write.mode == "create" and _landed(job):
                return _done(job, found, "The earlier write had arrived.", looked_up=True)
            if job.ask_first and shows(found.answer, write.data):
                return _done(job, found, "It is there already, as it should be.", looked_up=True)
            if job.step.mode == "create":
                return _linked(job, found)
            write = _onto(write, found)
        elif job.record.deleted or job.withdrawn:
            return _not_made(job)
    reach("deliver.before_write")
    if monotonic() > job.send_before:
        raise _TooLate
    written = system.write(write)
    reach("deliver.after_write")
    word = "Created" if write.mode == "create" else "Updated"
    text = f"{'Done' if write.mode == 'action' else word} there."
    return _done(job, written, text, looked_up=looked_up)


def _must_ask(job: Job, write: Write) -> bool:
    """Say whether the target is asked for the record before it is written."""
    creates = write.mode == "create"
    return job.delivery.verify or (creates and (job.step.match or job.ask_first or job.in_doubt))


def _look_up(job: Job, system: Connector, write: Write) -> Written | None:
    try:
        return system.look_up(
            write.object, reference=write.reference, idempotency_key=write.idempotency_key
        )
    except ConnectorError as error:
        goes_out = job.step.mode != "match" and not (job.record.deleted or job.withdrawn)
        may_go_unasked = goes_out and _repeatable(job, system)
        if isinstance(error, Permanent) and may_go_unasked:
            return None
        raise _LookUpFailed(error) from error


def _repeatable(job: Job, system: Connector) -> bool:
    """Say whether sending the same again has one effect at most, without asking first."""
    assert job.write is not None
    if job.ask_first and job.write.mode == "create":
        return False
    known_update = job.write.mode == "update" and job.write.external_id is not None
    # Its key is of its content: other content goes under another, as a second effect.
    same_key = job.delivery.content_hash == job.content_hash
    is_keyed = system.descriptor.writes_idempotent and same_key
    return known_update or is_keyed or not job.delivery.verify


def _landed(job: Job) -> bool:
    """Say whether what was found there is what an earlier start of this delivery sent."""
    delivery = job.delivery
    return delivery.verify and delivery.content_hash == job.content_hash


def _onto(write: Write, found: Written) -> Write:
    """Aim at the record that is there, in the version that it has now."""
    mode = "update" if write.mode == "create" else write.mode
    return replace(write, mode=mode, external_id=found.external_id, version=found.version)


def _linked(job: Job, found: Written) -> Outcome:
    """It exists there, not by us: know it from now on and leave it as it is."""
    outcome = _done(job, found, "It was there already; linked.", looked_up=True)
    outcome.move, outcome.wrote, outcome.content_known = "find_unchanged", False, False
    return outcome


def _not_there(job: Job) -> Outcome:
    """It is only looked for, and somebody else makes it: until then it waits."""
    outcome = wait_for_there(job, (job.record.type, job.record.key))
    outcome.attempt = outcome.looked_up = outcome.called = True
    return outcome


def _not_made(job: Job) -> Outcome:
    """It is not there, and its source has deleted or withdrawn it meanwhile."""
    text = WITHDRAWN if job.withdrawn else DELETED
    return Outcome(job, "find_unchanged", text=text, attempt=True, looked_up=True, called=True)


def _done(job: Job, written: Written, text: str, *, looked_up: bool) -> Outcome:
    if len(written.external_id) > LONGEST_ID:
        return failed(job, _no_id(written), verify=True)
    return Outcome(
        job,
        "deliver",
        text=f"{text} {job.warning}".rstrip(),
        attempt=True,
        looked_up=looked_up,
        wrote=True,
        content_known=True,
        called=True,
        status=written.status,
        sent=Sent(
            written.external_id,
            written.version,
            written.status,
            written.request,
            written.answer,
        ),
        request=written.request,
        answer=written.answer,
    )


def _no_id(written: Written) -> Unknown:
    """It is done there, but cannot be referred to: a person looks. It is not made once more."""
    size = len(written.external_id)
    words = f"The system gave an id of {size} characters; {LONGEST_ID} are the most."
    return Unknown(words, status=written.status)


def not_kept(job: Job) -> Outcome:
    """Return what stands for an outcome that the database refuses: its system is asked later."""
    error = Unknown("The system's answer holds something that cannot be kept.")
    outcome = failed(job, error, verify=True)
    outcome.request = None
    return outcome


def failed(job: Job, error: ConnectorError, *, verify: bool, looked_up: bool = False) -> Outcome:
    """Return what follows an error of the write itself, or of asking before it (`looked_up`)."""
    wrote = isinstance(error, Unknown) and not looked_up
    connection = job.delivery.connection
    # What failed there last was this or another: it says nothing of this one in particular.
    is_out = connection.breaker != BREAKER.start or connection.breaker_failures > 0
    decision = decide(
        error.kind,
        attempt=job.delivery.attempts,
        retry_after=error.retry_after,
        draw=random,
        status=error.status,
        is_out=not wrote and is_out,
        tries=job.step.tries,
    )
    outcome = Outcome(
        job,
        decision.move,
        text=error.message[:2000],
        error_class=error.kind,
        delay=decision.delay,
        verify=decision.verify or _is_open(job, error, verify=verify),
        attempt=True,
        looked_up=looked_up,
        wrote=wrote,
        called=True,
        status=error.status,
        request=_request_of(job),
        answer=error.detail,
    )
    if decision.move in ("fail", "park"):
        kind = _KINDS.get(error.kind, "retries_used_up")
        if _is_gone(job, error):
            kind = GONE
        outcome.cause = _cause(job, kind, error.message)
    return outcome


def _is_gone(job: Job, error: ConnectorError) -> bool:
    """Say whether the record that was to be changed is there no more."""
    write = job.write
    aimed = write is not None and write.mode != "create" and write.external_id is not None
    return aimed and isinstance(error, Permanent) and error.status in _NOT_THERE


def _is_open(job: Job, error: ConnectorError, *, verify: bool) -> bool:
    """Say whether the target is to be asked before the next write.

    A conflict means that the record is there in another version. What may have been made
    already is found, lest a newer version be made a second time under another key.
    """
    if error.kind == "conflict" or (verify and error.kind == "config"):
        return True
    creates = job.write is not None and job.write.mode == "create"
    return creates and (
        error.maybe_done or (verify and error.kind in ("transient", "rate_limited"))
    )


def _not_asked(job: Job, error: ConnectorError) -> Outcome:
    """The target could not be asked: later, or, when it never can be, a person decides."""
    if isinstance(error, Permanent):
        outcome = Outcome(
            job,
            "park",
            text="The target cannot be asked whether the write arrived.",
            error_class="unknown",
            verify=True,
            attempt=True,
            looked_up=True,
            called=True,
            status=error.status,
            answer=error.detail,
            cause=_cause(job, "outcome_unknown", error.message),
        )
    else:
        outcome = failed(job, error, verify=True, looked_up=True)
        outcome.verify = job.delivery.verify
    return outcome


def _request_of(job: Job) -> dict[str, object]:
    write = job.write
    if write is None:
        return {}
    return {
        "object": write.object,
        "mode": write.mode,
        "external_id": write.external_id,
        "body": dict(write.data),
    }


def _cause(job: Job, kind: str, message: str) -> Cause:
    delivery = job.delivery
    same: tuple[object, ...] = (delivery.connection_id, delivery.workflow_id, job.step.name)
    if kind == "rejected_by_target":
        same = (*same, shape_of(message))
    if kind == "outcome_unknown":
        same = (*same, delivery.pk)
    if kind == GONE:
        same = (delivery.connection_id, delivery.object)
    return Cause(
        kind=kind,
        client_id=delivery.client_id,
        same=same,
        detail={
            "connection": delivery.connection.name,
            "step": job.step.label,
            "record_type": job.record.type.replace("_", " "),
            "key": job.record.key,
            "reason": message,
            "workflow": delivery.workflow.name,
        },
        connection_id=delivery.connection_id,
        workflow_id=delivery.workflow_id,
    )


def shape_of(message: str) -> str:
    """Return a message without what differs from record to record: numbers, quoted texts, ids."""
    words = message.split()
    kept = [
        "#" if any(char.isdigit() for char in word) or word[:1] in "\"'“‘" else word
        for word in words
    ]
    return " ".join(kept)[:200]
