"""Entering a partner's schema from code that has no request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django_tenants.utils import get_public_schema_name, schema_context


@contextmanager
def schema_scope(schema_name: str) -> Iterator[None]:
    """Work in `schema_name`, and return to the schema before it, also after an exception."""
    with schema_context(schema_name):
        yield


@contextmanager
def public_scope() -> Iterator[None]:
    """Work in the public schema for a moment (wake-ups, the list of partners)."""
    with schema_context(get_public_schema_name()):
        yield


def current_schema() -> str:
    """Return the name of the schema that the connection now works in."""
    return str(connection.schema_name)  # type: ignore[attr-defined]  # set by the tenant backend


@contextmanager
def pinned_schema() -> Iterator[None]:
    """Set the schema's search path once, not before each statement, in here.

    Only inside a transaction, and for code that sets no search path of its own; see
    docs/decisions/0012. Changing the schema in here is seen, and so is a rollback.
    """
    wrapper: Any = connection
    wrapper.pins += 1
    wrapper.pinned_path = None
    try:
        yield
    finally:
        wrapper.pins -= 1
        wrapper.pinned_path = None
