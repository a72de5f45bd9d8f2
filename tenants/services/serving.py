"""Which partner a host belongs to, for every request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import InterfaceError, OperationalError, connection

from tenants.domains.state import SERVED
from tenants.models import Partner
from tenants.rows import columns_of, made_of

_SERVED: Final = ", ".join(f"'{state}'" for state in sorted(SERVED))
_FROM: Final = (
    "FROM public.tenants_domain d JOIN public.tenants_partner p ON p.id = d.tenant_id "
    f"WHERE d.state IN ({_SERVED}) AND d.domain = "
)
# SQL, true where a host serves a partner's schema and the partner is not suspended: for whoever
# does several things in one statement.
SERVES: Final = (
    f"SELECT 1 {_FROM} %(host)s AND p.schema_name = %(schema)s "
    f"AND p.status = '{Partner.Status.ACTIVE.value}'"
)


@dataclass(frozen=True)
class Served:
    """A host in service: its partner and what it serves."""

    partner: Partner
    kind: str


@lru_cache(maxsize=1)
def _question() -> str:
    return f"SELECT d.kind, {columns_of(Partner, 'p')} {_FROM} %s"


def served_host(host: str) -> Served | None:
    """Return what a host serves, None for one that is nobody's or not in service.

    Read anew for every request, so that a name that was removed, or whose partner was
    suspended, stops at once in every process. Written out, because the ORM takes four times
    as long to put this one query together.

    It is also what finds out that a kept connection has died: it is asked once more on a new
    one, so that no request pays for a question that only tries the connection.
    """
    was_kept = connection.connection is not None
    connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
    try:
        row = _row(host)
    except (OperationalError, InterfaceError):
        if not was_kept or connection.in_atomic_block:
            raise
        connection.close()
        row = _row(host)
    if row is None:
        return None
    return Served(made_of(Partner, row[1:]), row[0])


def _row(host: str) -> tuple[Any, ...] | None:
    rows = connection.read_prepared(_question(), [host], in_schema=False)  # type: ignore[attr-defined]  # the tenant backend's
    return rows[0] if rows else None
