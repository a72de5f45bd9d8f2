"""The schema is left when a request has finished, also after a streamed body."""

from django.core.signals import request_finished
from django.db import connection
from django.dispatch import receiver


@receiver(request_finished)
def leave_schema(**kwargs: object) -> None:
    """Go back to the public schema."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
