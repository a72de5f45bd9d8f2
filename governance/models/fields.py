"""Columns of the audit trail that may hold what is sealed under a person's key."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.functions import Cast

from governance.personal import reveal, reveal_all


class PersonalTextField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """A text that opens as it is read, while the person's key is there."""

    def from_db_value(
        self, value: str | None, expression: object, connection: BaseDatabaseWrapper
    ) -> str | None:
        """Open what was sealed."""
        return value if value is None else reveal(value)


class PersonalJSONField(models.JSONField):
    """JSON in which texts may be sealed; they open as it is read."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Open what was sealed."""
        plain = super().from_db_value(value, expression, connection)
        return reveal_all(plain) if plain else plain


def current_transaction() -> Cast:
    """Return the number of the transaction that writes, as SQL."""
    own = Func(function="pg_current_xact_id")
    return Cast(Cast(own, models.TextField()), models.BigIntegerField())
