"""Watches whether a source's records still have the fields that their mapping reads."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from syncjobs.connectors.base import SourceRecord
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_cause
from syncjobs.engine.live import Live
from syncjobs.engine.rows import encode, execute
from syncjobs.models import Issue, Stream
from syncjobs.services.catalogue import title_of
from syncjobs.shape import look, read, words

KIND: Final = "schema_drift"


def watch_shape(stream: Stream, live: Live, records: Sequence[SourceRecord]) -> None:
    """Learn what these records have, tell what is gone or of another kind, and end that where it
    is back or another version of the mapping is live. In the transaction that stores them."""
    before = read(stream.shape)
    rows = [one.data for one in records if not one.deleted and one.data]
    now = look(before, live.version_id, live.compiled.reads, rows)
    if now is before:
        return
    stored = now.stored()
    execute(_KEEP, {"stream": stream.pk, "shape": encode(stored)})
    # Only once it is kept: a page that is tried again begins from what was.
    transaction.on_commit(lambda: setattr(stream, "shape", stored))
    if now.told != before.told:
        _tell(stream, words(now.told))


def _tell(stream: Stream, said: str) -> None:
    connection = stream.connection
    detail = {"connection": connection.name, "object": stream.object, "message": f"{said}."}
    cause = Cause(
        kind=KIND,
        client_id=connection.client_id,
        same=(stream.pk,),
        detail=detail,
        connection_id=connection.pk,
    )
    if not said:
        settle_cause(cause)
        return
    found = raise_issues([Occurrence(cause, said)])
    # It may have been open, with other fields.
    rows = Issue.objects.filter(pk=found[cause.fingerprint])
    rows.update(detail=detail, title=title_of(KIND, detail))


_KEEP: Final = """
    UPDATE syncjobs_stream SET shape = %(shape)s::jsonb WHERE id = %(stream)s
"""
