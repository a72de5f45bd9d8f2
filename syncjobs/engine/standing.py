"""How work stands, for whoever runs the installation: counts and ages, no content."""

from dataclasses import dataclass, field
from typing import Any, Final

from syncjobs.engine.rows import fetch
from syncjobs.state import BREAKER, CLAIMABLE, CONNECTION, DELIVERY
from tenants.context import public_scope, schema_scope
from tenants.health import waiting_work
from tenants.heartbeats import heard_of
from tenants.services.suspension import working_schemas


@dataclass(frozen=True, slots=True)
class PartnerStanding:
    """One partner's deliveries by state, leases that are held and those that have ended, how
    many breakers are open, systems that are out, and those that asked for a pause.
    """

    schema: str
    states: dict[str, int]
    leases: int
    expired_leases: int
    oldest_due_seconds: float | None
    breakers_open: int
    out: list[str]
    paused: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue's and each partner's standing, and how many seconds ago each worker was heard of.
    Partners with nothing open are left out.
    """

    queue: dict[str, object]
    workers: dict[str, float]
    partners: list[PartnerStanding] = field(default_factory=list)


def standing() -> Standing:
    """Return how work stands now."""
    with public_scope():
        queue = waiting_work()
        schemas = list(working_schemas())
    found = [_of(schema) for schema in schemas]
    return Standing(
        queue, heard_of(), [one for one in found if one.states or one.out or one.paused]
    )


def _of(schema: str) -> PartnerStanding:
    with schema_scope(schema):
        states = fetch(_STATES, {"open": sorted(DELIVERY.open)})
        ages = fetch(_AGES, {"running": DELIVERY.target("claim"), "claimable": sorted(CLAIMABLE)})
        out = fetch(_OUT, {"closed": BREAKER.start, "well": _WELL})
        paused = fetch(_PAUSED, {"closed": BREAKER.start})
    (held, expired, oldest) = ages[0]
    return PartnerStanding(
        schema,
        {str(state): int(count) for state, count in states},
        int(held),
        int(expired),
        _seconds(oldest),
        sum(breaker != BREAKER.start for _, _, breaker in out),
        [f"{name} ({state}, breaker {breaker})" for name, state, breaker in out],
        [f"{name} (for {float(seconds):.0f} s yet)" for name, seconds in paused],
    )


def _seconds(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


_WELL: Final = [CONNECTION.start, CONNECTION.target("pass"), CONNECTION.target("disable")]
_STATES: Final = """
    SELECT state, count(*) FROM syncjobs_delivery
    WHERE state = ANY(%(open)s::text[]) GROUP BY state ORDER BY state
"""
_AGES: Final = """
    SELECT count(*) FILTER (WHERE state = %(running)s AND lease_until >= statement_timestamp()),
        count(*) FILTER (WHERE state = %(running)s AND lease_until < statement_timestamp()),
        extract(epoch FROM statement_timestamp() - min(not_before)
            FILTER (WHERE not_before < statement_timestamp()
                AND state = ANY(%(claimable)s::text[])))
    FROM syncjobs_delivery
"""
_OUT: Final = """
    SELECT name, state, breaker FROM syncjobs_connection
    WHERE breaker <> %(closed)s OR state <> ALL(%(well)s::text[]) ORDER BY name
"""
_PAUSED: Final = """
    SELECT name, extract(epoch FROM breaker_until - statement_timestamp())
    FROM syncjobs_connection
    WHERE breaker = %(closed)s AND breaker_until > statement_timestamp() ORDER BY name
"""
