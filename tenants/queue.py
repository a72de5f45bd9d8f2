"""The queue that carries rings, whichever broker it is on: the database's table, or Redis.

What it carries may be lost or doubled at any time; the sweep rings again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.tasks import async_task

from tenants.context import public_scope

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a worker. `oldest`: since when; None for nothing, or where the broker
    keeps no time. `count`: None where the broker does not answer.
    """

    count: int | None
    oldest: datetime | None


def is_in_database() -> bool:
    """Say whether the queue's rows commit with what they announce."""
    return "orm" in settings.Q_CLUSTER


def described() -> str:
    """Return what works the queue off, and where it is, for the log."""
    place = "the database" if is_in_database() else "Redis"
    return f"{settings.Q_CLUSTER['workers']} processes, the queue in {place}"


def send(task: str, *given: Any, name: str) -> None:
    """Put a task into the queue: with the caller's transaction, or right after its commit."""
    push: Callable[[], object] = partial(async_task, task, *given, task_name=name)
    if is_in_database():
        push()
    else:
        transaction.on_commit(partial(_push, push, name))


def _push(push: Callable[[], object], name: str) -> None:
    """What it announces is committed and found by the sweep: nobody's request may fail here."""
    try:
        push()
    except Exception as error:  # whatever the broker's own library raises
        logger.warning("The queue does not take %r (%s); the sweep rings again.", name, error)


def waiting() -> Waiting:
    """Return what no worker has taken yet."""
    if not is_in_database():
        try:
            return Waiting(int(get_broker().queue_size()), None)
        except Exception as error:  # whatever the broker's own library raises
            logger.warning("The queue does not answer: %s", error)
            return Waiting(None, None)
    with public_scope():
        rows = OrmQ.objects.filter(lock__lte=timezone.now())
        return Waiting(**rows.aggregate(count=Count("pk"), oldest=Min("lock")))
