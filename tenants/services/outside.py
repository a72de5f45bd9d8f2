"""Brings the ends of the audit trails to further places outside the database.

Apart from sealing, so that a place that is slow or gone never holds it up. Each place has its own
pace, and its failure is no other's. Only the newest anchor goes: it proves all before it, so a
place that was gone for a while lacks nothing afterwards.
"""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from governance.models import AuditSeal
from governance.services.anchors import line_of, record_anchor
from governance.services.seals import last_seal
from governance.sinks import PlaceStanding, Sink, SinkFailed, active_sinks
from governance.statements import hash_of
from tenants.outside_marks import (
    OutsideMark,
    Standing,
    call_outside,
    failing_outside,
    outside_here,
    settle_outside,
)

logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 3600.0
_SKIPPED_SECONDS: Final = 60.0
UNEXPECTED: Final = "An unexpected error; whoever runs the installation finds it in the log."


def anchor_outside(skipped: set[str] | None = None, *, now: bool = False) -> int:
    """Give the last seal of the schema that is entered to every place that is due; return how
    many took it.

    skipped: places that failed a moment ago for another schema; those that fail are added.
    now: also those whose time has not come.
    """
    gone = set() if skipped is None else skipped
    seal, mark = last_seal(), outside_here()
    if seal is None:
        settle_outside(mark, mark.places, None)
        return 0
    text_hash, moment = hash_of(seal.statement), time.time()
    places: dict[str, Standing] = {}
    taken = 0
    for sink in active_sinks():
        before = mark.places.get(sink.name, Standing())
        due = before.seal_hash != text_hash and (now or _due_at(sink, before) <= moment)
        if due and sink.name in gone:
            places[sink.name] = replace(before, next=moment + _SKIPPED_SECONDS)
            continue
        places[sink.name] = _give(sink, seal, before) if due else before
        taken += due and not places[sink.name].failing
        if due and places[sink.name].failing and not sink.local:
            gone.add(sink.name)
    settle_outside(mark, places, _wait(places, text_hash))
    return taken


def call_if_behind() -> None:
    """Say when the newest seal of the schema that is entered is due somewhere, if anywhere.

    Raises nothing: what is wrong with these places is no reason to leave the folder out.
    """
    try:
        _call_if_behind()
    except Exception:  # the boundary to places that are not ours
        logger.exception("Nobody was called for the further places of anchors")


def _call_if_behind() -> None:
    seal = last_seal() if active_sinks() else None
    if seal is None:
        return
    places = outside_here().places
    fresh = {sink.name: places.get(sink.name, Standing()) for sink in active_sinks()}
    wait = _wait(fresh, hash_of(seal.statement))
    if wait is not None:
        call_outside(wait)


def _due_at(sink: Sink, standing: Standing) -> float:
    if standing.failing or not standing.at:
        return standing.next
    # `next` is behind, but where a place was skipped for having failed for another trail.
    return max(standing.next, standing.at + sink.every().total_seconds())


def _give(sink: Sink, seal: AuditSeal, before: Standing) -> Standing:
    moment = time.time()
    try:
        line = line_of(seal)
        record_anchor(line, sink.write(line))
    except Exception as error:  # the boundary to places that are not ours: no other waits for it
        said = str(error) if isinstance(error, SinkFailed) else UNEXPECTED
        if not isinstance(error, SinkFailed):
            logger.exception("%s did not take an anchor", sink.label)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(before.tries, 10))
        return replace(
            before,
            failing=before.failing or moment,
            tries=before.tries + 1,
            next=moment + pause,
            said=said[:200],
        )
    return Standing(seal_hash=line.seal_hash, at=moment)


def _wait(places: dict[str, Standing], text_hash: str) -> float | None:
    """Return in how many seconds the next place is due; a new seal calls by itself."""
    sinks = {sink.name: sink for sink in active_sinks()}
    waits = [
        max(0.0, _due_at(sinks[name], one) - time.time())
        for name, one in places.items()
        if one.seal_hash != text_hash
    ]
    return min(waits, default=None)


def standings() -> list[tuple[Sink, Standing]]:
    """Return the places that are set up for the schema that is entered, and how they stand."""
    mark: OutsideMark = outside_here()
    return [(sink, mark.places.get(sink.name, Standing())) for sink in active_sinks()]


def place_standings() -> list[PlaceStanding]:
    """Return the same for people."""
    return [
        PlaceStanding(sink.label, _moment(one.at), _moment(one.failing), one.said)
        for sink, one in standings()
    ]


def told_outside() -> dict[str, object]:
    """Return for health in how many places, over all trails, no anchor goes in."""
    return {"anchors_failing": len(failing_outside())}


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, tz=UTC) if seconds else None
