"""When each worker was last heard of. Its supervisor says so every few seconds.

By the database's clock alone: a machine whose own is ahead would hide for so long that it, or
any other, has died.
"""

import logging
from typing import Final

from django.db.models import F
from django.db.models.functions import Now

from tenants.context import public_scope
from tenants.models import Heartbeat

logger = logging.getLogger(__name__)

# Twelve beats: whoever is silent for longer is dead, or cannot reach the database.
SILENT_SECONDS: Final = 60.0
# A worker that still beats has done so within this.
_BEATING_SECONDS: Final = 10.0


def beat(name: str) -> None:
    """Say that the worker `name` is alive."""
    with public_scope():
        Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def forget(name: str) -> None:
    """Say that the worker `name` ended as it was asked to: nobody misses it."""
    with public_scope():
        Heartbeat.objects.filter(name=name).delete()


def heard_of() -> dict[str, float]:
    """Return the seconds since each worker was last heard of, by name."""
    with public_scope():
        rows = Heartbeat.objects.annotate(age=Now() - F("at")).order_by("name")
        return {
            name: round(age.total_seconds(), 1) for name, age in rows.values_list("name", "age")
        }


def silent(workers: dict[str, float]) -> list[str]:
    """Return the names of those that should have been heard of."""
    return [name for name, age in workers.items() if age > SILENT_SECONDS]


def heartbeat_age() -> float | None:
    """Return the seconds since any worker was last heard of, None when there is none."""
    return min(heard_of().values(), default=None)


def warn_of_namesake(name: str) -> None:
    """Two workers of one name pass for one, and the death of either goes unnoticed."""
    age = heard_of().get(name)
    if age is not None and age < _BEATING_SECONDS:
        logger.warning(
            "a worker named %s was heard of %.0f s ago: if it still runs, give each its own --name",
            name,
            age,
        )
