"""Says that a schema has mail, or messages to other programs, to send. The truth is in its tables;
a lost ring costs minutes.

`MailWakeup` (public) holds one row per schema, the operators' included. Touched after the
commit, never inside the business transaction: two that queue a mail do not wait for each other.
"""

from datetime import datetime
from functools import partial
from typing import Final

from django.db import connection, transaction

from tenants.context import current_schema
from tenants.models import Partner

# For how long a ring is taken to be on its way before the sweep rings again.
RING_SECONDS: Final = 60
# Each schema is looked at this often in any case: for lost rings, and for daily mails.
TICK_SECONDS: Final = 900
# And this soon after a worker began there, unless it came to its end: it may have died.
ATTEND_SECONDS: Final = 120


def ring_after_commit() -> None:
    """Let the next sweep ring for this schema, once the caller's transaction is committed."""
    transaction.on_commit(partial(_touch, current_schema()), robust=True)


def due_schemas(limit: int = 50) -> list[str]:
    """Return the schemas whose time has come, marked as rung for."""
    return _run(
        _DUE,
        {"seconds": RING_SECONDS, "limit": limit, "active": Partner.Status.ACTIVE.value},
    )


def adopt_schemas() -> list[str]:
    """Give every schema that has none yet its row; returns which."""
    return _run(_ADOPT, {"active": Partner.Status.ACTIVE.value})


def answer() -> None:
    """Somebody is at work here: from now on new mail must ring again."""
    _run(_ANSWER, {"schema": current_schema(), "attend": ATTEND_SECONDS})


def settle() -> None:
    """The work came to its end: set when this schema next has mail, from the table itself.

    A ring that came meanwhile stays. What else goes out of the schema sets its own time after.
    """
    _run(_SETTLE, {"schema": current_schema(), "tick": TICK_SECONDS})


def come_at(moment: datetime) -> None:
    """Have this schema looked at by that moment: for what else goes out of it than mail."""
    _run(_COME_AT, {"schema": current_schema(), "at": moment})


def _touch(schema: str) -> None:
    _run(_TOUCH, {"schema": schema})


def _run(sql: str, params: dict[str, str | int | datetime]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [str(row[0]) for row in cursor.fetchall()]


_TOUCH: Final = """
    INSERT INTO public.tenants_mailwakeup (schema_name, due_at)
    VALUES (%(schema)s, statement_timestamp())
    ON CONFLICT (schema_name) DO UPDATE
    SET due_at = least(public.tenants_mailwakeup.due_at, EXCLUDED.due_at)
    RETURNING schema_name
"""
_ANSWER: Final = """
    INSERT INTO public.tenants_mailwakeup (schema_name, due_at)
    VALUES (%(schema)s, statement_timestamp() + %(attend)s * interval '1 second')
    ON CONFLICT (schema_name) DO UPDATE SET due_at = EXCLUDED.due_at, rung_until = NULL
    RETURNING schema_name
"""
_SETTLE: Final = """
    UPDATE public.tenants_mailwakeup SET due_at = least(
        CASE WHEN due_at > statement_timestamp()
            THEN statement_timestamp() + %(tick)s * interval '1 second' ELSE due_at END, (
        SELECT min(CASE state WHEN 'sending' THEN lease_until ELSE not_before END)
        FROM outbox_outgoingmail WHERE state IN ('queued', 'sending')))
    WHERE schema_name = %(schema)s
    RETURNING schema_name
"""
_COME_AT: Final = """
    UPDATE public.tenants_mailwakeup SET due_at = least(due_at, %(at)s)
    WHERE schema_name = %(schema)s
    RETURNING schema_name
"""
_ADOPT: Final = """
    INSERT INTO public.tenants_mailwakeup (schema_name, due_at)
    SELECT schema_name, statement_timestamp() FROM public.tenants_partner WHERE status = %(active)s
    UNION SELECT 'public', statement_timestamp()
    ON CONFLICT (schema_name) DO NOTHING
    RETURNING schema_name
"""
_DUE: Final = """
    UPDATE public.tenants_mailwakeup
    SET rung_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE schema_name = ANY(ARRAY(
        SELECT w.schema_name FROM public.tenants_mailwakeup w
        LEFT JOIN public.tenants_partner p ON p.schema_name = w.schema_name
        WHERE w.due_at <= statement_timestamp()
          AND (w.schema_name = 'public' OR p.status = %(active)s)
          AND (w.rung_until IS NULL OR w.rung_until < statement_timestamp())
        ORDER BY w.due_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED))
    RETURNING schema_name
"""
