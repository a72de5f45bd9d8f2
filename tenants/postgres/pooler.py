"""Finding a pooler in transaction or statement mode: one partner would get another's rows.

Such a pooler hands each transaction to any server session, so a setting made on one client
connection (the schema!) is lost there and shows up on another. The probe does just that
with a harmless setting: what it sees is what would happen to the schema.
"""

import secrets
import threading
from typing import Any

import psycopg

from tenants.postgres.errors import DatabaseUnavailableError

SETTING = "livery.pooler_probe"
ROUNDS = 3
SECOND_CONNECTION_SECONDS = 5
_checked: set[tuple[object, ...]] = set()
_lock = threading.Lock()

REFUSAL = (
    "DATABASE_URL goes through a pooler in transaction mode (or statement mode). Sessions are "
    "mixed there, so one partner would be given another partner's rows. Connect to "
    "PostgreSQL itself, or set the pooler to session mode (PgBouncer: pool_mode = session)."
)


def _read(opened: "psycopg.Connection[Any]") -> str:
    row = opened.execute("SELECT current_setting(%s, true)", [SETTING]).fetchone()
    return (row[0] or "") if row else ""


def mixes_sessions(params: dict[str, Any]) -> bool:
    """Whether two client connections share server sessions between transactions.

    Raises psycopg.OperationalError when the first connection fails.
    """
    # Extended protocol with named statements would itself fail on some poolers.
    plain = {"connect_timeout": SECOND_CONNECTION_SECONDS, **params, "prepare_threshold": None}
    with psycopg.connect(**plain, autocommit=True) as first:
        try:
            second = psycopg.connect(**plain)
        except psycopg.OperationalError:
            return False  # no second session to be had: nothing can be mixed
        with second:
            try:
                return any(_is_lost_between(first, second) for _ in range(ROUNDS))
            except psycopg.errors.ProtocolViolation:
                return True  # statement mode: it allows no transactions at all


def _is_lost_between(first: "psycopg.Connection[Any]", second: "psycopg.Connection[Any]") -> bool:
    """Whether a setting of the first leaves it while the second has a transaction open."""
    token = secrets.token_hex(8)
    first.execute("SELECT set_config(%s, %s, false)", [SETTING, token])
    # Holds a server session for as long as this transaction is open.
    leaked = _read(second)
    kept = _read(first)
    second.rollback()
    return leaked == token or kept != token


def plain_parameters(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an address alone, without Django's adaptations."""
    wanted = {"host", "port", "user", "password", "dbname"}
    wanted |= {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
    return {key: value for key, value in params.items() if key in wanted}


def refuse_transaction_mode(params: dict[str, Any]) -> None:
    """Check an address once per process. Raises DatabaseUnavailableError for such a pooler."""
    plain = plain_parameters(params)
    address = (plain.get("host"), plain.get("port"))
    with _lock:
        if address in _checked:
            return
        try:
            mixed = mixes_sessions(plain)
        except psycopg.OperationalError:
            return  # the real connection comes next and explains it
        if mixed:
            raise DatabaseUnavailableError(REFUSAL)
        _checked.add(address)
