"""Two database roles: the owner migrates and makes schemas, the runtime role works.

The process works as the runtime role. Code that changes the shape of the database says so:

- `with as_owner():` turns this thread's ORM connection into the owner's (commands that
  migrate, making the test database);
- `owner_connection()` is a separate plain connection for a few statements (provisioning
  from a web request), committed on its own.

With a `DATABASE_URL` of one role both are that role, and `weaknesses()` says what is weaker.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection as default_connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from tenants.postgres.pooler import plain_parameters

ONE_ROLE: Final = (
    "One database role does everything: a fault in the program could change tables or "
    "rewrite the audit trail. Make a second role that owns the tables and set "
    "LIVERY_OWNER_DATABASE_URL to it (docs/operations.md, 'Two roles')."
)
_owning: ContextVar[bool] = ContextVar("owning", default=False)


def are_separate() -> bool:
    """Whether the owner and the runtime role are two."""
    return bool(settings.OWNER_DATABASE)


def runtime_user() -> str:
    """Return the runtime role's name."""
    return str(settings.DATABASES["default"]["USER"])


def credentials() -> dict[str, str]:
    """Return psycopg's user and password of the role of the moment."""
    owner = settings.OWNER_DATABASE if _owning.get() else None
    chosen = owner or settings.DATABASES["default"]
    named = {"user": chosen.get("USER"), "password": chosen.get("PASSWORD")}
    return {key: str(value) for key, value in named.items() if value}


def is_owning() -> bool:
    """Whether this thread works as the owner just now."""
    return _owning.get()


@contextmanager
def as_owner(connection: BaseDatabaseWrapper | None = None) -> Iterator[None]:
    """Let this thread's ORM connection be the owner's.

    It is closed on the way in and out, so it can't be used inside a transaction: raises
    TransactionManagementError there.
    """
    target = connection or default_connection
    if _owning.get():
        yield
        return
    if target.in_atomic_block:
        raise TransactionManagementError("The role can't change inside a transaction.")
    target.close()
    token = _owning.set(True)
    try:
        yield
    finally:
        target.close()
        _owning.reset(token)


def owner_parameters() -> dict[str, Any]:
    """Return libpq's parameters of the owner on this database."""
    token = _owning.set(True)
    try:
        params: dict[str, Any] = default_connection.get_connection_params()
    finally:
        _owning.reset(token)
    return {**plain_parameters(params), "application_name": "owner"}


@contextmanager
def owner_connection(*, autocommit: bool = False) -> Iterator["psycopg.Connection[Any]"]:
    """Open a plain connection as the owner; commit at the end, roll back on an exception.

    It sees only what is committed: not what the caller's own transaction has written.
    """
    with psycopg.connect(**owner_parameters(), autocommit=autocommit) as opened:
        yield opened


def weaknesses() -> list[str]:
    """Return in plain words what is weaker than it could be, from the settings alone."""
    if are_separate():
        return []
    return [ONE_ROLE]
