"""What became of billable work, and what stops deliveries: counted by PostgreSQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from syncjobs.engine.rows import fetch
from syncjobs.indicators.engagements.chosen import STOPPED, Key
from syncjobs.indicators.throughput import DONE
from syncjobs.state import DELIVERY

FATES: Final = {
    "reached": "In the ERP",
    "under_way": "Not through yet",
    "given_up": "Given up by a person",
    "elsewhere": "Invoiced outside of here",
    "unplanned": "Nothing planned",
    "unapproved": "Not approved yet",
}
# What is billed by the hour or by receipt; a milestone is an invoice of its own.
TAKEN_OVER: Final = ("time_entry", "expense")
# Before somebody has approved it.
_EARLY: Final = ("draft", "submitted")


@dataclass(frozen=True, slots=True)
class Work:
    """Billable work of one kind and currency with one fate.

    `fate`: reached, under_way (not yet written as it is now), given_up (by a person), elsewhere
    (its own system calls it invoiced, and nothing was planned here), unplanned, or unapproved
    (nobody has approved it yet; what was rejected is none).
    """

    kind: str
    currency: str
    fate: str
    count: int
    hours: Decimal
    amount: Decimal
    people: frozenset[str]
    since: str

    @property
    def fate_words(self) -> str:
        """What became of it, as people say it."""
        return FATES[self.fate]


@dataclass(frozen=True, slots=True)
class Stop:
    """Open deliveries of one kind of record to one system that stand for the same reason.

    `delivery_id`, `record_id`: the latest of them. `issue_id`: the exception that says more.
    """

    kind: str
    connection_id: int
    state: str
    missing: str
    issue_id: int | None
    title: str
    error: str
    count: int
    hours: Decimal
    amount: Decimal
    since: datetime
    delivery_id: int
    record_id: int

    @property
    def is_stopped(self) -> bool:
        """Whether it goes on only when something arrives or somebody acts."""
        return self.state in STOPPED

    @property
    def reason(self) -> str:
        """What stops it, in plain words."""
        return self.missing or self.title or self.error


def work_of(keys: Sequence[Key], billing: Sequence[int]) -> Iterator[tuple[Key, Work]]:
    """Return the billable work of engagements, counted; `billing`: where it has to get to."""
    params: dict[str, Any] = {
        **_keys(keys),
        "billing": list(billing),
        "open": sorted(DELIVERY.open),
        "done": [*DONE, "skipped"],
        "early": list(_EARLY),
    }
    for client, name, kind, currency, fate, *counted in fetch(_WORK, params):
        count, hours, amount, people, since = counted
        who = frozenset(one for one in people if one)
        yield (
            (client, name),
            Work(kind, currency or "", fate, count, hours, amount, who, since or ""),
        )


def stops_of(keys: Sequence[Key]) -> Iterator[tuple[Key, Stop]]:
    """Return the open deliveries of engagements by their reason, the most first."""
    for client, name, *row in fetch(_STOPS, {**_keys(keys), "open": sorted(DELIVERY.open)}):
        yield (client, name), Stop(*row)


def _keys(keys: Sequence[Key]) -> dict[str, list[Any]]:
    return {
        "clients": [client for client, _ in keys],
        "names": [name for _, name in keys],
    }


# The aggregate keeps each record's deliveries apart: they are found by their index, whatever the
# planner thinks of how many engagements were asked for. OFFSET 0: what is sorted are these few
# columns, not the records' documents.
_WORK: Final = """
    SELECT client_id, engagement, type, currency, fate, count(*), coalesce(sum(hours), 0),
        coalesce(sum(amount), 0), array_agg(DISTINCT resource), min(approved_at)
    FROM (
        SELECT r.client_id, r.engagement, r.type, r.data->>'currency' AS currency,
            (r.data->>'hours')::numeric AS hours, (r.data->>'amount')::numeric AS amount,
            r.data->>'resource' AS resource,
            coalesce(r.data->>'approved_at', r.data->>'completed_at') AS approved_at,
            CASE WHEN r.data->>'status' = ANY(%(early)s::text[]) THEN 'unapproved'
                WHEN d.is_open THEN 'under_way' WHEN d.is_done THEN 'reached'
                WHEN d.is_known THEN 'given_up'
                WHEN r.data->>'status' = 'invoiced' THEN 'elsewhere' ELSE 'unplanned' END AS fate
        FROM unnest(%(clients)s::bigint[], %(names)s::text[]) AS k (client_id, name)
        JOIN syncjobs_canonicalrecord r
            ON r.client_id = k.client_id AND r.engagement = k.name AND NOT r.engagement = ''
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(state = ANY(%(open)s::text[])), false) AS is_open,
                coalesce(bool_or(state = ANY(%(done)s::text[])), false) AS is_done,
                count(*) > 0 AS is_known
            FROM syncjobs_delivery
            WHERE record_id = r.id AND connection_id = ANY(%(billing)s::bigint[])
        ) d
        WHERE r.version > 0 AND NOT r.deleted AND CASE r.type
            WHEN 'milestone' THEN r.data->>'status' IN ('completed', 'invoiced')
            WHEN 'time_entry' THEN r.data->>'billable' = 'true'
                AND r.data->>'status' = ANY(%(early)s::text[] || '{approved,invoiced}')
            WHEN 'expense' THEN r.data->>'billable' = 'true'
                AND r.data->>'status' = ANY(%(early)s::text[] || '{approved,invoiced}')
            ELSE false END
        OFFSET 0
    ) work
    GROUP BY client_id, engagement, type, currency, fate
    ORDER BY client_id, engagement,
        array_position(ARRAY['time_entry', 'expense', 'milestone'], type::text), currency, fate
"""
_STOPS: Final = """
    SELECT r.client_id, r.engagement, r.type, d.connection_id, d.state,
        coalesce(h.missing, '') AS missing, d.issue_id, coalesce(i.title, ''),
        max(coalesce(nullif(d.error_text, ''), d.outcome)), count(*) AS records,
        coalesce(sum((r.data->>'hours')::numeric), 0),
        coalesce(sum((r.data->>'amount')::numeric), 0), min(d.created_at), max(d.id), max(r.id)
    FROM syncjobs_delivery d
    JOIN syncjobs_canonicalrecord r ON r.id = d.record_id
    LEFT JOIN syncjobs_issue i ON i.id = d.issue_id
    LEFT JOIN syncjobs_hold h ON h.delivery_id = d.id AND h.released_at IS NULL
    WHERE d.state = ANY(%(open)s::text[]) AND d.client_id = ANY(%(clients)s::bigint[])
        AND (r.client_id, r.engagement) IN
            (SELECT * FROM unnest(%(clients)s::bigint[], %(names)s::text[]))
        AND NOT r.engagement = ''
    GROUP BY r.client_id, r.engagement, r.type, d.connection_id, d.state, h.missing, d.issue_id,
        i.title
    ORDER BY records DESC, max(d.id)
"""
