"""Tables that are written once. Three guards, each of which holds alone:

1. privilege: the runtime role has INSERT and SELECT only (granted with the database roles);
2. a trigger that refuses the owner too, unless a maintenance session says otherwise;
3. the model, which refuses before the database is asked.
"""

from typing import Any, ClassVar, Final, NoReturn, TypeVar

from django.apps import apps
from django.db import models

from governance.errors import AppendOnly

# Set by the owner for the one transaction of an erasure or a test's clean-up. It only opens
# the trigger: the runtime role still lacks the privilege.
MAINTENANCE_SETTING: Final = "governance.maintenance"


M = TypeVar("M", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[M]):
    """Reads and inserts."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse: raises AppendOnly."""
        raise AppendOnly(f"{self.model._meta.verbose_name} is written once and never updated.")

    def delete(self) -> NoReturn:
        """Refuse: raises AppendOnly."""
        raise AppendOnly(f"{self.model._meta.verbose_name} is written once and never deleted.")


class AppendOnlyManager(models.Manager[M]):
    """Hands out query sets that refuse to update and delete."""

    def get_queryset(self) -> AppendOnlyQuerySet[M]:
        """Return all rows."""
        return AppendOnlyQuerySet(self.model, using=self._db)


class AppendOnlyModel(models.Model):
    """A row that can be added and read, nothing else.

    own_columns: those that the database alone fills; the runtime role may not name them.
    """

    own_columns: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert. Raises AppendOnly for a row that exists."""
        if not self._state.adding:
            raise AppendOnly(f"{self._meta.verbose_name} is written once and never updated.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: raises AppendOnly."""
        raise AppendOnly(f"{self._meta.verbose_name} is written once and never deleted.")


def append_only_tables() -> dict[str, tuple[str, ...]]:
    """Return the tables of all append-only models, of whatever app, with their `own_columns`."""
    return {
        model._meta.db_table: model.own_columns
        for model in apps.get_models()
        if issubclass(model, AppendOnlyModel)
    }
