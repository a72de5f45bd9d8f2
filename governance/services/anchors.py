"""Writes the chain's end down outside the database, again and again while it grows."""

import json
import time
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from governance import anchors, keys
from governance.models import AuditAnchor
from governance.services.seals import last_seal
from governance.statements import hash_of, public_key_of, sign, statement_from

# A seal is anchored at the latest so long after it was made; the worker looks every 5 s.
EVERY: Final = timedelta(seconds=240)


def anchor_trail(*, every: timedelta = EVERY) -> timedelta | None:
    """Anchor the last seal if it is time; return how long until it is, None for "nothing to do".

    Raises OSError when the file can't be written: nothing is recorded then.
    """
    seal = last_seal()
    if seal is None:
        return None
    last = AuditAnchor.objects.order_by("-id").first()
    text_hash = hash_of(seal.statement)
    if last is not None and (last.seal_number, last.seal_hash) == (seal.number, text_hash):
        return None
    wait = last.at + every - timezone.now() if last is not None else timedelta(0)
    if wait > timedelta(0):
        return wait
    statement = statement_from(seal.statement)
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
    place = anchors.write_line(_trail(), text, sign(text, key))
    AuditAnchor.objects.create(seal_number=seal.number, seal_hash=text_hash, place=place)
    return None


def _trail() -> str:
    return str(connection.schema_name)  # type: ignore[attr-defined]  # the tenant backend's
