"""Documents as PDF: asked for at the doors, drawn by a worker, kept until somebody opens them.

A request never draws. It reads what is kept, or rings for a worker and says so; a lost ring
costs half a minute, a doubled one draws the same file twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

from branding.models import Statement
from branding.papers import (
    PREVIEWS,
    STATEMENTS,
    keep_note,
    keep_paper,
    read_note,
    read_paper,
)
from branding.pdf import PdfUnavailable
from tenants import queue
from tenants.context import current_schema
from tenants.heartbeats import heartbeat_age

logger = logging.getLogger(__name__)

STATEMENT_TASK: Final = "branding.tasks.draw_statement"
PREVIEW_TASK: Final = "branding.tasks.draw_preview"
RING_SECONDS: Final = 30
# A worker is heard of every few seconds.
SILENT_SECONDS: Final = 60.0
FAILED: Final = "This PDF could not be made. Print the page instead, or ask support."


@dataclass(frozen=True, slots=True)
class Order:
    """A document that somebody wants. `name`: where it is kept; `task`, `args`: who draws it."""

    name: str
    task: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands. `problem`: why it cannot be drawn. `idle`: no worker is at work."""

    content: bytes | None = None
    problem: str = ""
    idle: bool = False


def statement_order(statement: Statement) -> Order:
    """The order of an issued statement. Its name changes with what it is of, so that a file
    that an earlier partner of the same schema left is never taken for it."""
    told = (statement.pk, statement.client_id, statement.issued_at.isoformat(), statement.total)
    name = f"{STATEMENTS}/{statement.number}-{_hash(str(told))}.pdf"
    return Order(name, STATEMENT_TASK, (statement.number,))


def preview_order(values: Mapping[str, object]) -> Order:
    """The order of the sample statement in a brand of these values, as plain JSON."""
    plain = dict(values)
    told = json.dumps(plain, sort_keys=True)
    return Order(f"{PREVIEWS}/{_hash(told)}.pdf", PREVIEW_TASK, (plain,))


def ring(order: Order) -> None:
    """Send the task that draws it, in the caller's transaction."""
    schema = current_schema()
    queue.send(order.task, schema, *order.args, name=f"paper {schema}")


def standing(order: Order) -> Standing:
    """Say how an order stands; one that is not drawn yet is rung for, twice a minute at most."""
    content = read_paper(order.name)
    if content is not None:
        return Standing(content)
    if problem := read_note(order.name):
        return Standing(problem=problem)
    if cache.add(f"paper:{order.name}", 1, timeout=RING_SECONDS):
        ring(order)
    age = heartbeat_age()
    return Standing(idle=age is None or age > SILENT_SECONDS)


def draw(order: Order, make: Callable[[], bytes]) -> str:
    """Draw what is not kept yet, in the worker; where that fails a note says why."""
    if read_paper(order.name) is not None:
        return "kept already"
    try:
        keep_paper(order.name, make())
    except PdfUnavailable as error:
        keep_note(order.name, str(error))
        return "this machine cannot draw"
    except Exception:  # whoever waits for it must be told; the cause is the operator's
        logger.exception("%s could not be drawn", order.name)
        keep_note(order.name, FAILED)
        return "failed"
    return "drawn"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
