"""What an outcome leaves behind beside its row: attempts, holds, audit entries, usage."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.utils import timezone

from branding.commercial.meters import DELIVERIES
from branding.services.usage import UsageCount, count_deliveries, day_of
from governance.actions import Action
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.jobs import Outcome
from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.models import Run
from syncjobs.state import DELIVERY
from syncjobs.telling.kinds import HOLD_PLACED, HOLD_RELEASED
from syncjobs.telling.moves import tell_holds
from syncjobs.telling.tell import ANY_LISTENER

_ACTIONS: Final[dict[str, Action]] = {
    "deliver": actions.DELIVERY_WRITTEN,
    "fail": actions.DELIVERY_FAILED,
    "park": actions.DELIVERY_FAILED,
    "hold": actions.DELIVERY_HELD,
}
_NO_GATE_ASKED: Final = frozenset({"wait", "give_back"})


def write(outcomes: Sequence[Outcome], worker: str) -> None:
    """Write attempts and audit entries, and end the holds that the gates have let go."""
    _attempts([one for one in outcomes if one.attempt], worker)
    _end_holds(outcomes)
    _audit(outcomes)


def write_holds(outcomes: Sequence[Outcome]) -> None:
    """Write what each gate misses; a hold that was there already keeps its age."""
    _end_holds(outcomes)
    rows = [
        {
            "delivery_id": one.job.delivery.pk,
            "client_id": one.job.delivery.client_id,
            "gate": refused.name[:60],
            "kind": refused.label[:40],
            "missing": ", ".join(refused.missing)[:300],
            "message": refused.message,
            "alert": refused.alert[:40],
        }
        for one in outcomes
        for refused in one.refused_by
    ]
    if rows:
        held = fetch(_HOLDS, {"rows": encode(rows)})
        _tell_holds(HOLD_PLACED, [row for *row, is_new, heard in held if is_new and heard])
    # Held again for the same reason is nothing new to tell.
    _audit([one for one in outcomes if one.job.delivery.issue_id is None])


def count_usage(outcomes: Sequence[Outcome]) -> None:
    """Count what is billable: a record's version that reached its target, once.

    Replays, unchanged records and everything that the platform repeated are not.
    """
    done = [one for one in outcomes if one.move == "deliver" and one.wrote]
    if not done:
        return
    params = {
        "clients": sorted({one.job.delivery.client_id for one in done}),
        "runs": [id_ for id_ in {one.job.delivery.run_id for one in done} if id_ is not None],
        "kind": Run.Kind.REPLAY.value,
    }
    found = fetch(_ZONES_AND_REPLAYS, params)
    replays = {id_ for id_, zone in found if zone is None}
    now = timezone.now()
    days = {client_id: day_of(now, zone) for client_id, zone in found if zone is not None}
    counted = Counter(
        (one.job.delivery.client_id, one.job.delivery.workflow_id)
        for one in done
        if one.job.delivery.run_id not in replays
    )
    labels = {one.job.delivery.workflow_id: one.job.delivery.workflow.name for one in done}
    count_deliveries(
        [
            UsageCount(client, workflow, labels[workflow], DELIVERIES, days[client], quantity)
            for (client, workflow), quantity in counted.items()
        ]
    )


def _attempts(outcomes: Sequence[Outcome], worker: str) -> None:
    rows = [
        {
            "delivery_id": one.job.delivery.pk,
            "number": one.job.delivery.attempts,
            "outcome": DELIVERY.target(one.move),
            "error_class": one.error_class,
            "error_text": one.text if one.error_class else "",
            "status": one.status or None,
            "looked_up": one.looked_up,
            "wrote": one.wrote,
            "record_version": one.job.record.version,
            "mapping_version": one.job.mapping_version,
            "content_hash": one.job.content_hash,
            "request": one.request,
            "answer": one.answer,
            "started_at": one.started_at or timezone.now(),
            "duration_ms": int(one.seconds * 1000),
        }
        for one in outcomes
    ]
    if rows:
        execute(_ATTEMPTS, {"rows": encode(rows), "worker": worker[:80]})


def _end_holds(outcomes: Sequence[Outcome]) -> None:
    rows = [
        {"delivery_id": one.job.delivery.pk, "kept": [r.name for r in one.refused_by]}
        for one in outcomes
        if one.move not in _NO_GATE_ASKED
    ]
    if rows:
        ended = fetch(_END_HOLDS, {"rows": encode(rows)})
        _tell_holds(HOLD_RELEASED, [row for *row, heard in ended if heard])


def _tell_holds(kind: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        tell_holds(kind, [(int(a), int(b), int(c), str(gate)) for a, b, c, gate in rows])


def _audit(outcomes: Sequence[Outcome]) -> None:
    audit.record_many(
        [
            audit.EntryDraft(
                _ACTIONS[one.move],
                object_kind="delivery",
                object_id=one.job.delivery.pk,
                object_label=f"{one.job.step.label}: {one.job.record.key}",
                client_id=one.job.delivery.client_id,
                after=_told(one),
                reason="" if one.wrote else one.text,
            )
            for one in outcomes
            if one.move in _ACTIONS
        ]
    )


def _told(outcome: Outcome) -> dict[str, object]:
    job = outcome.job
    told: dict[str, object] = {
        "system": job.delivery.connection.name,
        "object": job.delivery.object,
        "record": f"{job.record.type} {job.record.key}",
        "version": job.record.version,
    }
    if outcome.sent is not None:
        told["external_id"] = outcome.sent.external_id
        told["content_hash"] = job.content_hash
        told["mapping_version"] = job.mapping_version
    return told


_ZONES_AND_REPLAYS: Final = """
    SELECT id, time_zone FROM accounts_client WHERE id = ANY(%(clients)s::bigint[])
    UNION ALL
    SELECT id, NULL FROM syncjobs_run WHERE id = ANY(%(runs)s::bigint[]) AND kind = %(kind)s
"""
_ATTEMPTS: Final = """
    INSERT INTO syncjobs_attempt
        (delivery_id, number, outcome, error_class, error_text, status, looked_up, wrote,
         record_version, mapping_version, content_hash, request, answer, worker, started_at,
         duration_ms)
    SELECT x.delivery_id, x.number, x.outcome, x.error_class, x.error_text, x.status,
        x.looked_up, x.wrote, x.record_version, x.mapping_version, x.content_hash, x.request,
        x.answer, %(worker)s, x.started_at, x.duration_ms
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        delivery_id bigint, number int, outcome text, error_class text, error_text text,
        status int, looked_up boolean, wrote boolean, record_version int,
        mapping_version bigint, content_hash text, request jsonb, answer jsonb,
        started_at timestamptz, duration_ms int)
"""
_HOLDS: Final = f"""
    INSERT INTO syncjobs_hold AS h
        (delivery_id, client_id, gate, kind, missing, message, alert, created_at, released_by,
         reason)
    SELECT x.delivery_id, x.client_id, x.gate, x.kind, x.missing, x.message, x.alert,
        statement_timestamp(), '', ''
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        delivery_id bigint, client_id bigint, gate text, kind text, missing text, message text,
        alert text)
    ON CONFLICT (delivery_id, gate) WHERE released_at IS NULL
    DO UPDATE SET missing = EXCLUDED.missing, message = EXCLUDED.message
    RETURNING client_id, id, delivery_id, gate, xmax = 0, {ANY_LISTENER}
"""  # noqa: S608  our own constants
_END_HOLDS: Final = f"""
    UPDATE syncjobs_hold AS h SET released_at = statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(delivery_id bigint, kept text[])
    WHERE h.delivery_id = x.delivery_id AND h.released_at IS NULL AND h.gate <> ALL(x.kept)
    RETURNING h.client_id, h.id, h.delivery_id, h.gate, {ANY_LISTENER}
"""  # noqa: S608  our own constants
