"""Entering a partner's schema from code that has no request."""

from collections.abc import Iterator
from contextlib import contextmanager

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
