"""Each index serves the query that it is there for, on tables with rows and statistics."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from governance.state import OPEN as OPEN_REQUESTS
from syncjobs.engine import claim, doorbell, queue, release
from syncjobs.models import CanonicalRecord
from syncjobs.models.words import PRINTED, printed_vector, word_query
from syncjobs.retry import RECHECK_SECONDS
from syncjobs.state import BLOCKED, CLAIMABLE, CONNECTION, DELIVERY, INBOUND, UNUSABLE, WORKFLOW
from tenants.postgres import roles
from tests.syncjobs import plants
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import Lab, make_lab

db = plants.db
OPEN = sorted(DELIVERY.open)
_RECORDS = """
    INSERT INTO syncjobs_canonicalrecord
        (client_id, type, key, label, engagement, data, hash, version, deleted, created_at,
         changed_at)
    SELECT %(client)s, 'customer', 'C-' || n, '', '', '{}', '', 1, false, now(), now()
    FROM generate_series(1, 5000) n
"""
_DELIVERIES = """
    INSERT INTO syncjobs_delivery
        (workflow_id, workflow_version_id, client_id, step, record_id, origin_id, record_version,
         connection_id, object, mapping, variables, state, outcome, priority, attempts,
         unfinished_starts, verify, not_before, lease_no, after, watch, released_gates,
         idempotency_key, content_hash, error_class, error_text, correlation, created_at,
         updated_at)
    SELECT %(workflow)s, %(version)s, %(client)s, 'customer', r.id, r.id, 1, %(connection)s,
        'customers', 'm', '{}', CASE WHEN r.id %% 3 = 0 THEN 'held' WHEN r.id %% 50 = 1
        THEN 'pending' ELSE 'delivered' END, '', 20, 0, 0, false, now(), 0, '{}',
        ARRAY['contract:' || r.id], '{}', r.id::text, '', '', '', '', now(), now()
    FROM syncjobs_canonicalrecord r
"""
_REFS = """
    INSERT INTO syncjobs_externalref
        (record_id, connection_id, object, external_id, version, seen_hash, seen_version,
         written, created_at)
    SELECT id, %(connection)s, 'customers', id::text, '', '', '', '{}', now()
    FROM syncjobs_canonicalrecord
"""
_INVOICES = """
    INSERT INTO syncjobs_canonicalrecord
        (client_id, type, key, label, engagement, data, hash, version, deleted, created_at,
         changed_at)
    SELECT %(client)s, 'invoice', 'P-' || n, '', '',
        jsonb_build_object('external_number', 'INV-2026-' || n), '', 1, false, now(), now()
    FROM generate_series(1, 5000) n
"""


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Lab]:
    """Tables with committed rows in them, and statistics as a running partner has."""
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]  # pytest-django's fixture
        committed_partner("engine-tables") as (partner, client),
    ):
        lab = make_lab(client)
        params: dict[str, Any] = {
            "client": lab.client.pk,
            "workflow": lab.workflow.pk,
            "version": lab.workflow.version_id,
            "connection": lab.target_connection.pk,
        }
        with connection.cursor() as cursor:
            for statement in (_RECORDS, _DELIVERIES, _REFS, _INVOICES):
                cursor.execute(statement, params)
        with roles.owner_connection() as owner:
            for table in ("canonicalrecord", "delivery", "externalref"):
                owner.execute(f'ANALYZE "{partner.schema_name}".syncjobs_{table}'.encode())
        yield lab


@pytest.fixture
def full(db: None, filled: Lab) -> Lab:
    """The full tables, entered."""
    return filled


def _plan(sql: str, params: dict[str, Any]) -> str:
    """Return how the statement runs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


CASES = [
    (
        "delivery_due",
        """SELECT id FROM syncjobs_delivery WHERE state = ANY(%(claimable)s::text[])
        AND not_before <= statement_timestamp() ORDER BY priority, not_before, id LIMIT 50""",
        {"claimable": sorted(CLAIMABLE)},
    ),
    ("delivery_one_running", claim._EXPIRED, {"running": DELIVERY.target("claim")}),
    (
        "delivery_watch",
        release._RELEASE,
        {"from": sorted(BLOCKED), "to": DELIVERY.start, "keys": ["contract:C-1"]},
    ),
    (
        "delivery_one_open",
        queue._LOCK_OPEN,
        {
            "records": [1],
            "workflow": 1,
            "step": "a",
            "connection": 1,
            "open": sorted(DELIVERY.open),
        },
    ),
    (
        "delivery_run",
        "SELECT state, count(*) FROM syncjobs_delivery WHERE run_id = 1 GROUP BY state",
        {},
    ),
    ("delivery_issue", "SELECT id FROM syncjobs_delivery WHERE issue_id = 1", {}),
    (
        "record_key",
        """SELECT id FROM syncjobs_canonicalrecord WHERE client_id = %(client)s AND (type, key) IN
        (SELECT * FROM unnest(ARRAY['customer'], ARRAY['C-1']))""",
        {},
    ),
    (
        "externalref_external",
        """SELECT record_id FROM syncjobs_externalref WHERE connection_id = 1
        AND object = 'customers' AND external_id = ANY(ARRAY['1', '2'])""",
        {},
    ),
    (
        "stream_due",
        "SELECT id FROM syncjobs_stream WHERE enabled AND next_poll_at <= now()",
        {},
    ),
    (
        "issue_cause",
        "SELECT id FROM syncjobs_issue WHERE fingerprint = 'x' ORDER BY id DESC LIMIT 1",
        {},
    ),
]


@pytest.mark.parametrize(("index", "sql", "params"), CASES, ids=[case[0] for case in CASES])
def test_an_index_serves_its_query(full: Lab, index: str, sql: str, params: dict[str, Any]) -> None:
    assert index in _plan(sql, {"client": full.client.pk, **params})


def test_printed_numbers_are_found_through_their_index(full: Lab) -> None:
    rows = CanonicalRecord.objects.filter(PRINTED).annotate(words=printed_vector())
    found = rows.filter(words=word_query("inv-2026-4711")).order_by()
    assert [one.key for one in found] == ["P-4711"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "record_printed" in found.explain()


def test_the_claim_and_the_next_due_time_run_as_written(full: Lab) -> None:
    shared: dict[str, Any] = {
        "claimable": sorted(CLAIMABLE),
        "unusable": sorted(UNUSABLE),
        "active": WORKFLOW.start,
        "running": DELIVERY.target("claim"),
    }
    arrived = {
        "received": INBOUND.start,
        "off": CONNECTION.target("disable"),
        "open_requests": sorted(OPEN_REQUESTS),
        "blocked": sorted(BLOCKED),
        "recheck": RECHECK_SECONDS,
    }
    claimed = {**shared, "without": [], "only": None}
    assert "delivery" in _plan(claim._CANDIDATES, {**claimed, "limit": 10})
    others = {**claimed, "clients": [0], "each": claim.EACH, "most": claim.MOST_OTHERS}
    assert "accounts_client" in _plan(claim._OTHERS, others)
    assert "tenants_wakeup" in _plan(doorbell._SETTLE, {**shared, **arrived, "schema": "x"})
