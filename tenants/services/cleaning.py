"""Deletes what nobody can use any more, in small batches, in each schema, the public one too.

Sessions that have ended and their entries in people's lists, tickets of support that nobody
used, and what the queue keeps of tasks that failed. Mails go when they are sent
(`tenants.outbox.services.sending`), what the engine keeps in `syncjobs.engine.retention`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from django.core.cache import cache
from django.db import connection, transaction

from tenants.context import current_schema

BATCH: Final = 2_000
MOST_BATCHES: Final = 5
HOUR_SECONDS: Final = 3600
Cleaner = Callable[[], object]
_cleaners: list[Cleaner] = []


def register_cleaner(cleaner: Cleaner) -> None:
    """Let `cleaner` tidy up in each partner's schema once an hour; from AppConfig.ready()."""
    if cleaner not in _cleaners:
        _cleaners.append(cleaner)


def clean_hourly() -> dict[str, int]:
    """Clean the schema that is entered, once an hour and process; nothing in between."""
    return clean() if cache.add("cleaning:hourly", 1, timeout=HOUR_SECONDS) else {}


def clean() -> dict[str, int]:
    """Delete up to a few batches of each kind; return how many rows of each."""
    is_public = current_schema() == "public"
    statements = {**_EVERYWHERE, **(_PUBLIC if is_public else {})}
    found = {kind: _clean_kind(statement) for kind, statement in statements.items()}
    if not is_public:
        for cleaner in _cleaners:
            cleaner()
    return found


def _clean_kind(statement: str) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {"limit": BATCH})
            count = cursor.rowcount
        total += count
        if count < BATCH:
            break
    return total


# A batch is an ARRAY, worked out once: under IN, a plan may work it out again for each row and
# take more than the limit.
_EVERYWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sessions": """
            DELETE FROM django_session WHERE session_key = ANY(ARRAY(
                SELECT session_key FROM django_session
                WHERE expire_date < statement_timestamp()
                ORDER BY expire_date LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        """,
        # An hour's grace: the list is written a moment before the session is.
        "listed_sessions": """
            DELETE FROM usersessions_usersession WHERE id = ANY(ARRAY(
                SELECT u.id FROM usersessions_usersession u
                WHERE u.last_seen_at < statement_timestamp() - interval '1 hour' AND NOT EXISTS (
                    SELECT 1 FROM django_session s WHERE s.session_key = u.session_key)
                ORDER BY u.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        """,
        "support_tickets": """
            DELETE FROM accounts_supportvisit WHERE id = ANY(ARRAY(
                SELECT id FROM accounts_supportvisit
                WHERE entered_at IS NULL AND asked_at < statement_timestamp() - interval '7 days'
                ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        """,
    }
)
_PUBLIC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "failed_tasks": """
            DELETE FROM django_q_task WHERE id = ANY(ARRAY(
                SELECT id FROM django_q_task
                WHERE stopped < statement_timestamp() - interval '30 days'
                ORDER BY stopped LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        """,
        "silent_workers": """
            DELETE FROM tenants_heartbeat WHERE name = ANY(ARRAY(
                SELECT name FROM tenants_heartbeat
                WHERE at < statement_timestamp() - interval '7 days'
                ORDER BY name LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        """,
    }
)
