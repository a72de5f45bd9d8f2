"""Which objects of the audit trail are persons."""

from django.db import connection
from django_tenants.utils import get_public_schema_name


def subject_of(object_kind: str, object_id: object) -> str | None:
    """Return the subject of a person's account; in the public schema they are operators."""
    if object_kind != "user" or not str(object_id).isdecimal():
        return None
    is_public = connection.schema_name == get_public_schema_name()  # type: ignore[attr-defined]  # the tenant backend's
    return f"{'operator' if is_public else 'person'}-{object_id}"
