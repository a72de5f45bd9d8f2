"""Writes the chain's end down outside the database, again and again while it grows."""

import json
import time
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from governance import anchors, keys
from governance.models import AuditAnchor, AuditSeal
from governance.services.seals import last_seal
from governance.sinks import AnchorLine
from governance.statements import hash_of, public_key_of, sign, statement_from

# A seal is anchored at the latest so long after it was made; the worker looks every 5 s.
EVERY: Final = timedelta(seconds=240)


def anchor_trail(*, every: timedelta = EVERY) -> timedelta | None:
    """Anchor the last seal in the folder if it is time; return how long until it is, None for
    "nothing to do".

    Raises OSError when the file can't be written: nothing is recorded then.
    """
    seal = last_seal()
    if seal is None:
        return None
    trail = _trail()
    last = AuditAnchor.objects.filter(place=anchors.path_of(trail).name).order_by("-id").first()
    text_hash = hash_of(seal.statement)
    if last is not None and (last.seal_number, last.seal_hash) == (seal.number, text_hash):
        return None
    wait = last.at + every - timezone.now() if last is not None else timedelta(0)
    if wait > timedelta(0):
        return wait
    line = line_of(seal)
    place = anchors.write_line(trail, line.text, line.signature)
    record_anchor(line, place)
    return None


def line_of(seal: AuditSeal) -> AnchorLine:
    """Return the signed line that says: this seal is the last one now."""
    statement = statement_from(seal.statement)
    text_hash = hash_of(seal.statement)
    key = keys.signing_key(_trail())
    text = json.dumps(
        {
            "trail": statement.trail,
            "seal": statement.number,
            "hash": text_hash,
            "total": statement.total,
            "at": round(time.time(), 3),
            "key": public_key_of(key),
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    return AnchorLine(_trail(), seal.number, text_hash, text, sign(text, key))


def record_anchor(line: AnchorLine, place: str) -> None:
    """Note in the trail's tables that a place has taken a line."""
    AuditAnchor.objects.create(seal_number=line.seal, seal_hash=line.seal_hash, place=place[:300])


def _trail() -> str:
    return str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
