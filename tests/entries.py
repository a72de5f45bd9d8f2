"""Audit entries of another time or number than the next: only the owner can bring those in."""

from collections.abc import Iterator
from contextlib import contextmanager

from governance.append_only import MAINTENANCE_SETTING
from tenants.context import current_schema
from tenants.postgres import roles


@contextmanager
def entry_of_days_ago(days: int) -> Iterator[None]:
    """Let the trail of the schema that is entered have an entry so old; it goes afterwards."""
    with roles.owner_connection(autocommit=True) as owner:
        owner.execute(f'SET search_path = "{current_schema()}"'.encode())
        owner.execute(f"SET {MAINTENANCE_SETTING} = 'on'".encode())
        row = owner.execute(
            "INSERT INTO governance_auditentry (at, actor_kind, actor_label, door, address, action,"
            " object_kind, object_id, object_label, reason, correlation_id)"
            " VALUES (now() - %s * interval '1 day', 'system', 'System', 'code', '',"
            " 'policy.started', 'policy', 'x', '', '', 'x') RETURNING id",
            [days],
        ).fetchone()
        try:
            yield
        finally:
            owner.execute("DELETE FROM governance_auditentry WHERE id = %s", row)


def number_next_entry(number: int) -> None:
    """Let the next entry of the schema that is entered have this number."""
    with roles.owner_connection(autocommit=True) as owner:
        sequence = f"{current_schema()}.governance_auditentry_id_seq"
        owner.execute("SELECT setval(%s::regclass, %s, false)", [sequence, number])
