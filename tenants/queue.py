"""The queue that carries rings, whichever broker it is on: the database's table, or Redis.

What it carries may be lost or doubled at any time; the sweep rings again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.tasks import async_task

from tenants.context import public_scope


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a worker. `oldest`: since when; None for nothing, or where the broker
    keeps no time. `front`: something that is another for each task in front.
    """

    count: int
    oldest: datetime | None
    front: int | str | None


def is_in_database() -> bool:
    """Say whether the queue's rows commit with what they announce."""
    return "orm" in settings.Q_CLUSTER


def send(task: str, *given: Any, name: str) -> None:
    """Put a task into the queue: with the caller's transaction, or right after its commit."""
    push: Callable[[], object] = partial(async_task, task, *given, task_name=name)
    if is_in_database():
        push()
    else:
        transaction.on_commit(push)


def waiting() -> Waiting:
    """Return what no worker has taken yet."""
    if not is_in_database():
        broker = get_broker()
        task = broker.connection.lindex(broker.list_key, 0)
        front = None if task is None else blake2b(bytes(task), digest_size=8).hexdigest()
        return Waiting(int(broker.queue_size()), None, front)
    with public_scope():
        rows = OrmQ.objects.filter(lock__lte=timezone.now()).order_by("lock", "id")
        first = rows.values_list("pk", "lock").first()
        if first is None:
            return Waiting(0, None, None)
        return Waiting(rows.count(), first[1], first[0])
