"""Source records that no mapping took: kept as they came, told of once, tried again.

A record comes back when its source or the mapping changes, or when what it refers to has come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models.functions import Now
from django.utils import timezone

from mappings.rules import VALUE_HELD, VALUE_MISSING
from syncjobs.connectors.base import SourceRecord
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_issues
from syncjobs.engine.live import REFERENCE_MISSING, REFERENCE_UNCLEAR, Live
from syncjobs.engine.release import release_for_live, ring_in_turn
from syncjobs.engine.rows import encode, execute, fetch, iso
from syncjobs.engine.transitions import move_rows
from syncjobs.fingerprint import cut_apart
from syncjobs.intake.reading import DUPLICATE, UNKEPT, Refused
from syncjobs.intake.warned import forget_for_live
from syncjobs.models import InboundEvent, Stream
from syncjobs.payloads import PERSONAL, opened_inbound, opens_inbound, seal_inbound
from syncjobs.retry import MAX_UNFINISHED_STARTS
from syncjobs.state import INBOUND

_RETRIED: Final = 500
_SEALED: Final = "No key of this installation opens it."
# Not `received`: a newer message of the same record may still wait to be worked off.
_ASIDE: Final = INBOUND.target("set_aside")


def set_aside(stream: Stream, live: Live, refused: Sequence[Refused]) -> None:
    """Keep refused records with their problems and raise one exception per cause."""
    if not refused:
        return
    known = _known(stream, [one.source.id for one in refused])
    told = {one.external_id for one in known if one.issue is not None}
    causes = {one.source.id: _cause(stream, live, one) for one in refused}
    issues = raise_issues(
        [
            Occurrence(
                causes[one.source.id],
                f"{one.source.id}: {one.problems[0].message}",
                counts=one.source.id not in told,
            )
            for one in refused
        ]
    )
    rows = [
        {
            "key": _key(stream, one.source.id),
            "external_id": one.source.id,
            "version": one.source.version[:120],
            "at": iso(one.source.modified_at),
            "payload": seal_inbound(live.makes, stream.connection.client_id, one.source.data),
            "problems": [[p.code, p.rule, p.target, p.message] for p in one.problems],
            "issue": issues[causes[one.source.id].fingerprint],
        }
        for one in refused
    ]
    execute(
        _KEEP,
        {
            "rows": encode(rows),
            "connection": stream.connection_id,
            "stream": stream.pk,
            "mapping_version": live.version_id,
            "state": _ASIDE,
        },
    )
    _replace(stream, known)
    settle_issues({one.issue for one in known if one.issue is not None} - set(issues.values()))


def set_sealed_aside(stream: Stream, rows: Mapping[int, str]) -> None:
    """Set messages aside that no key opens: id of the row → id of the record. `waiting` gives them
    again once the installation has the right key.
    """
    if not rows:
        return
    connection = stream.connection
    cause = Cause(
        kind="message_sealed",
        client_id=connection.client_id,
        same=(stream.pk,),
        detail={"connection": connection.name, "object": stream.object},
        connection_id=connection.pk,
    )
    told = [Occurrence(cause, f"{id_}: {_SEALED}", inbound_id=row) for row, id_ in rows.items()]
    issue = raise_issues(told)[cause.fingerprint]
    move_rows(
        InboundEvent.objects.filter(pk__in=[*rows]),
        INBOUND,
        "set_aside",
        issue_id=issue,
        problems=[["sealed", "", "", _SEALED]],
    )


def retire(stream: Stream, external_ids: Sequence[str]) -> None:
    """Note that these records went through; an exception that has none left closes."""
    params = {"stream": stream.pk, "aside": _ASIDE, "ids": list(external_ids)}
    found = fetch(_SET_ASIDE, params)
    if found:
        rows = InboundEvent.objects.filter(pk__in=[id_ for id_, _ in found], state=_ASIDE)
        move_rows(rows, INBOUND, "process", processed_at=timezone.now())
        settle_issues({issue for _, issue in found if issue is not None})


def discard(stream: Stream, rows: Sequence[int]) -> None:
    """Give up what was set aside of records that are not in their source any more."""
    aside = InboundEvent.objects.filter(stream=stream, pk__in=rows, state=_ASIDE)
    issues = set(aside.filter(issue__isnull=False).values_list("issue_id", flat=True))
    if move_rows(aside, INBOUND, "discard", processed_at=timezone.now()):
        settle_issues(issues)


def received_again(stream: Stream, external_ids: Sequence[str]) -> None:
    """Note that the source still has these records; `aside_since` tells them by it."""
    aside = InboundEvent.objects.filter(stream=stream, external_id__in=external_ids, state=_ASIDE)
    aside.update(received_at=Now())


def aside_since(stream: Stream, moment: datetime) -> list[tuple[int, str, bool]]:
    """Return what is set aside: (row, id of the record, whether it was received since then)."""
    aside = InboundEvent.objects.filter(stream=stream, state=_ASIDE).exclude(external_id="")
    rows = aside.values_list("id", "external_id", "received_at")
    return [(row, id_, received >= moment) for row, id_, received in rows]


def waiting(stream: Stream, live: Live) -> list[SourceRecord]:
    """Return the records that are worth another try now, oldest first.

    What no key opens is passed over, and takes no other's place.
    """
    client_id = stream.connection.client_id
    params = {
        "stream": stream.pk,
        "aside": _ASIDE,
        "starts": MAX_UNFINISHED_STARTS,
        "mapping_version": live.version_id,
        "codes": [REFERENCE_MISSING, REFERENCE_UNCLEAR, DUPLICATE],
        "unkept": UNKEPT,
        "sealed": live.makes not in PERSONAL or opens_inbound(client_id),
        "limit": _RETRIED,
    }
    found: list[SourceRecord] = []
    after = 0
    while rows := fetch(_WAITING, {**params, "after": after}):
        found += [
            SourceRecord(id_, version, at, data, deleted)
            for _, id_, version, at, payload, deleted in rows
            if (data := opened_inbound(payload, client_id)) is not None
        ]
        after = rows[-1][0]
        if len(rows) < _RETRIED or len(found) >= _RETRIED:
            break
    return found


def let_go_for_live(kind: str, name: str, client_id: int | None) -> None:
    """Try again what waits for a mapping or value map that has another live version now.

    `client_id` None: of every client. Of what is set aside, words without an entry are tried with
    the next reading; a mapping's next version is seen there by its number. Warnings of checks that
    are other ones now are over.
    """
    if kind == "value_map":
        params = {"aside": _ASIDE, "client": client_id, "codes": [VALUE_MISSING, VALUE_HELD]}
        if execute(_AGAIN, params):
            ring_in_turn()
    forget_for_live(kind, name, client_id)
    release_for_live(kind, name, client_id)


def _key(stream: Stream, external_id: str) -> str:
    return cut_apart(f"{stream.object}:{external_id}", 200)


@dataclass(frozen=True, slots=True)
class _Known:
    """A row that was set aside before."""

    id: int
    key: str
    external_id: str
    issue: int | None


def _known(stream: Stream, external_ids: list[str]) -> list[_Known]:
    rows = InboundEvent.objects.filter(stream=stream, external_id__in=external_ids, state=_ASIDE)
    return [_Known(*row) for row in rows.values_list("id", "dedupe_key", "external_id", "issue_id")]


def _replace(stream: Stream, known: Sequence[_Known]) -> None:
    """End the messages of records that are kept as they are now: one row for each is enough."""
    messages = [one.id for one in known if one.key != _key(stream, one.external_id)]
    if messages:
        rows = InboundEvent.objects.filter(pk__in=messages, state=_ASIDE)
        move_rows(rows, INBOUND, "process", processed_at=timezone.now())


def _cause(stream: Stream, live: Live, refused: Refused) -> Cause:
    problem, connection = refused.problems[0], stream.connection
    duplicate = problem.code == DUPLICATE
    return Cause(
        kind="duplicate_record" if duplicate else "intake_problem",
        client_id=connection.client_id,
        same=(stream.pk, problem.message) if duplicate else (stream.pk, problem.rule, problem.code),
        detail={
            "connection": connection.name,
            "object": stream.object,
            "record_type": stream.canonical.replace("_", " "),
            "target": problem.target,
            "rule": problem.rule,
            "mapping": live.name,
            "key": (problem.detail or {}).get("key", ""),
            "reason": problem.message,
        },
        connection_id=connection.pk,
    )


_KEEP: Final = """
    INSERT INTO syncjobs_inboundevent AS i
        (connection_id, stream_id, dedupe_key, external_id, source_version, source_at, payload,
         deleted, attempts, state, problems, mapping_version, issue_id, received_at)
    SELECT %(connection)s, %(stream)s, x.key, x.external_id, x.version, x.at, x.payload,
        false, 0, %(state)s, x.problems, %(mapping_version)s, x.issue, statement_timestamp()
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        key text, external_id text, version text, at timestamptz, payload jsonb, problems jsonb,
        issue bigint)
    ON CONFLICT (connection_id, dedupe_key) DO UPDATE
    SET payload = EXCLUDED.payload, source_version = EXCLUDED.source_version,
        source_at = EXCLUDED.source_at, problems = EXCLUDED.problems,
        mapping_version = EXCLUDED.mapping_version, issue_id = EXCLUDED.issue_id,
        state = EXCLUDED.state, processed_at = NULL, received_at = EXCLUDED.received_at
"""
_SET_ASIDE: Final = """
    SELECT id, issue_id FROM syncjobs_inboundevent
    WHERE stream_id = %(stream)s AND state = %(aside)s AND external_id = ANY(%(ids)s::text[])
"""
_AGAIN: Final = """
    WITH again AS (
        UPDATE syncjobs_inboundevent AS i SET mapping_version = NULL
        FROM syncjobs_stream s JOIN syncjobs_connection c ON c.id = s.connection_id
        WHERE s.id = i.stream_id AND i.state = %(aside)s
          AND i.problems -> 0 ->> 0 = ANY(%(codes)s::text[])
          AND (%(client)s::bigint IS NULL OR c.client_id = %(client)s)
        RETURNING i.stream_id)
    UPDATE syncjobs_stream SET next_poll_at = statement_timestamp()
    WHERE id IN (SELECT stream_id FROM again)
"""
_WAITING: Final = """
    SELECT id, external_id, source_version, source_at, payload::text, deleted
    FROM syncjobs_inboundevent
    WHERE stream_id = %(stream)s AND state = %(aside)s AND attempts < %(starts)s
      AND id > %(after)s AND (%(sealed)s OR jsonb_typeof(payload) <> 'string')
      AND (mapping_version IS DISTINCT FROM %(mapping_version)s
           OR problems -> 0 ->> 0 = ANY(%(codes)s::text[]))
      -- What is kept of such a one is not what came: only its source can mend it.
      AND problems -> 0 ->> 0 IS DISTINCT FROM %(unkept)s
    ORDER BY id LIMIT %(limit)s
"""
