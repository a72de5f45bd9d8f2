"""Seals the trail of the schema that is entered: every entry once, in an unbroken chain.

Entries are written without a lock, so their ids have gaps (what was rolled back) and come late
(what was committed after a later one). Ids therefore say nothing about what is new. Each seal
keeps PostgreSQL's snapshot of its moment instead: the next one takes exactly what that snapshot
could not see and the present one can.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from governance import keys
from governance.merkle import root_of
from governance.models import AuditSeal
from governance.snapshots import NOTHING, Snapshot
from governance.statements import (
    FIRST_PREVIOUS,
    Statement,
    hash_of,
    is_signed,
    packed_ids,
    public_key_of,
    sign,
    statement_from,
    unpacked_ids,
)

# Entries in one seal, and in one round (one transaction); a round never splits a transaction's.
BATCH: Final = 8_192
ROUND: Final = 100_000
_LOCK: Final = 0x5EA1

# The bytes of an entry that are hashed: one line of JSON, written by the database. `verify_audit`
# and the proof bundles take these bytes as they are.
FIELDS: Final = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_label",
    "door",
    "address",
    "action",
    "object_kind",
    "object_id",
    "object_label",
    "client_id",
    "before",
    "after",
    "reason",
    "correlation_id",
)
_COLUMNS: Final = ", ".join("at AT TIME ZONE 'UTC'" if one == "at" else one for one in FIELDS)
LINE: Final = f"json_build_array('v1', {_COLUMNS})::text"
LEAF: Final = rf"sha256('\x00'::bytea || convert_to({LINE}, 'UTF8'))"


class SealingRefused(Exception):
    """The trail can't be sealed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round did. more: there is more to seal at once. open: a transaction that was
    under way may still bring entries, so it is worth coming back."""

    entries: int = 0
    more: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class _Picked:
    rows: list[tuple[int, int, bytes, float]]
    now: Snapshot


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the chain ends, and this database server."""

    trail: str
    cluster: str
    last: Statement | None
    last_text: str


def seal_trail(*, most: int = ROUND, batch: int = BATCH) -> Sealed:
    """Seal what is committed and not sealed yet. Raises SealingRefused.

    Two sealers at once make no fork: the second finds the lock taken and does nothing.
    """
    with transaction.atomic():
        if not _locked():
            return Sealed()
        head = _head()
        seen = _seen_before(head)
        while True:
            picked = _picked(seen, most)
            if not picked.rows:
                return Sealed(open=bool(picked.now.open))
            limited = len(picked.rows) >= most
            seen = seen.caught_up(picked.now, picked.rows[-1][1]) if limited else picked.now
            rows = sorted(_not_sealed(picked.rows, head))
            if rows:
                AuditSeal.objects.bulk_create(_seals(head, rows, seen, batch))
            if rows or not limited:
                return Sealed(len(rows), more=limited, open=bool(picked.now.open))


def last_seal() -> AuditSeal | None:
    """Return the chain's end, without its leaves."""
    return AuditSeal.objects.defer("leaves").order_by("-number").first()


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])
        return bool(cursor.fetchone()[0])


def _head() -> _Head:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), system_identifier FROM pg_control_system()")
        trail, cluster = cursor.fetchone()
    seal = last_seal()
    if seal is None:
        return _Head(trail, str(cluster), None, "")
    known = keys.known_public_keys(trail)
    try:
        last = statement_from(seal.statement)
    except ValueError as error:
        raise SealingRefused(f"Seal {seal.number} of {trail} can't be read. {_TO_DO}") from error
    if last.key not in known or not is_signed(seal.statement, seal.signature, last.key):
        raise SealingRefused(
            f"Seal {seal.number} of {trail} is not signed by this installation. {_TO_DO}"
        )
    return _Head(trail, str(cluster), last, seal.statement)


_TO_DO: Final = (
    "If the master key was changed, add the one before to LIVERY_PREVIOUS_MASTER_KEYS; "
    "otherwise somebody altered the seals: run `manage.py verify_audit`."
)


def _seen_before(head: _Head) -> Snapshot:
    """What the last seal could see; nothing on another server, whose numbers mean nothing here."""
    if head.last is None or head.last.cluster != head.cluster:
        return NOTHING
    return Snapshot.read(head.last.seen)


def _picked(seen: Snapshot, most: int) -> _Picked:
    """Read what is visible now and was not then, in one statement and thus one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(_PICK, {"floor": seen.floor, "seen": str(seen), "most": most})
        rows = cursor.fetchall()
    if not rows:
        return _Picked([], _now())
    own = rows[0][5]
    now = Snapshot.read(rows[0][4]).without(None if own is None else int(own))
    return _Picked([row[:4] for row in rows], now)


def _now() -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return Snapshot.read(cursor.fetchone()[0])


_PICK: Final = f"""
    WITH here AS MATERIALIZED (
        SELECT pg_current_snapshot()::text AS seen, pg_snapshot_xmax(pg_current_snapshot())
            ::text::bigint AS upto, pg_current_xact_id_if_assigned()::text::bigint AS own)
    SELECT id, xid, {LEAF}, extract(epoch FROM at)::float8, here.seen, here.own
    FROM governance_auditentry, here
    WHERE xid >= %(floor)s AND (xid < here.upto OR xid = here.own)
      AND NOT pg_visible_in_snapshot(xid::text::xid8, %(seen)s::pg_snapshot)
    ORDER BY xid FETCH FIRST %(most)s ROWS WITH TIES
"""  # noqa: S608  our own columns


def _not_sealed(
    rows: Sequence[tuple[int, int, bytes, float]], head: _Head
) -> list[tuple[int, int, bytes, float]]:
    """Leave out what a seal holds already: whatever numbers say, nothing is sealed twice.

    `top_id` never falls along the chain, so only its end can hold any of them.
    """
    if head.last is None:
        return list(rows)
    lowest, sealed = min(row[0] for row in rows), set[int]()
    wanted = {row[0] for row in rows}
    ends = AuditSeal.objects.order_by("-number").values_list("top_id", "statement")
    for top_id, statement in ends.iterator(chunk_size=200):
        if top_id < lowest:
            break
        sealed.update(wanted.intersection(unpacked_ids(statement_from(statement).ids)))
    return [row for row in rows if row[0] not in sealed]


def _seals(
    head: _Head, rows: Sequence[tuple[int, int, bytes, float]], seen: Snapshot, batch: int
) -> list[AuditSeal]:
    key, last, text, seals = keys.signing_key(head.trail), head.last, head.last_text, []
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        leaves = [bytes(row[2]) for row in part]
        last = Statement(
            trail=head.trail,
            number=last.number + 1 if last else 1,
            at=round(time.time(), 3),
            oldest=round(min(row[3] for row in part), 3),
            ids=packed_ids([row[0] for row in part]),
            count=len(part),
            total=(last.total if last else 0) + len(part),
            top=max(part[-1][0], last.top if last else 0),
            root=root_of(leaves).hex(),
            previous=hash_of(text) if last else FIRST_PREVIOUS,
            seen=str(seen),
            cluster=head.cluster,
            key=public_key_of(key),
        )
        text = last.text()
        seals.append(
            AuditSeal(
                number=last.number,
                top_id=last.top,
                statement=text,
                signature=sign(text, key),
                leaves=b"".join(leaves),
            )
        )
    return seals
