"""Takes a stream for a worker: one reads it at a time, as long as its lease lasts."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Model

from syncjobs.engine.rows import fetch
from syncjobs.intake.page import STREAM_LEASE_SECONDS
from syncjobs.models import Connection, Stream
from syncjobs.state import RUN
from tenants.accounts.models import Client
from tenants.rows import columns_of, made_of, width_of


@dataclass(frozen=True, slots=True)
class Taken:
    """A stream whose lease is ours, with its connection and client. `abandoned`: whether
    whoever had it before left a reading that has no end."""

    stream: Stream
    lease_no: int
    abandoned: bool


def take_stream(stream_id: int) -> Taken | None:
    """Take the stream's lease; None when another worker has it."""
    sql = _TAKE.format(*(columns_of(model, at) for model, at in _OF_STREAM.items()))
    params = {"stream": stream_id, "seconds": STREAM_LEASE_SECONDS, "going": RUN.start}
    rows = fetch(sql, params)
    if not rows:
        return None
    abandoned, *row = rows[0]
    first, second = width_of(Stream), width_of(Stream) + width_of(Connection)
    stream = made_of(Stream, row[:first])
    stream.connection = made_of(Connection, row[first:second])
    stream.connection.client = made_of(Client, row[second:])
    return Taken(stream, stream.lease_no, abandoned)


_OF_STREAM: Final[dict[type[Model], str]] = {Stream: "s", Connection: "c", Client: "k"}
_TAKE: Final = """
    UPDATE syncjobs_stream s
    SET lease_no = s.lease_no + 1,
        lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
    FROM syncjobs_connection c JOIN accounts_client k ON k.id = c.client_id
    WHERE s.id = %(stream)s AND c.id = s.connection_id
      AND (s.lease_until IS NULL OR s.lease_until < statement_timestamp())
    RETURNING EXISTS (SELECT 1 FROM syncjobs_run r
        WHERE r.stream_id = s.id AND r.state = %(going)s), {}, {}, {}
"""
