"""Migrating the partners that are behind: a canary first, then the rest in parallel.

Each partner is migrated in a child process, so that one that fails, hangs on a lock or
kills its process leaves the others alone. What is done stays done: a second run takes up
only what is still pending.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from tenants.models import Partner
from tenants.postgres.grants import grant_runtime
from tenants.postgres.roles import owner_connection
from tenants.services.pending import Pending, pending_partners
from tenants.services.tables import missing_tables

MOST_JOBS = 4
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Outcome:
    """How one partner's schema came out; `error` is empty when it is up to date."""

    schema: str
    seconds: float
    error: str = ""


def _forget_connections() -> None:
    """Leave the parent's connections alone: two processes on one socket mix their answers."""
    for wrapper in connections.all(initialized_only=True):
        del connections[wrapper.alias]


def _migrate_one(schema: str) -> Outcome:
    begin = time.monotonic()
    try:
        call_command("migrate_schemas", schema_name=schema, verbosity=0, interactive=False)
        lacking = missing_tables([schema]).get(schema)
        error = f"tables are missing afterwards: {', '.join(lacking)}" if lacking else ""
    except Exception as problem:  # whatever a migration raises is this partner's outcome
        error = f"{type(problem).__name__}: {' '.join(str(problem).split())}"
    finally:
        connections.close_all()
    return Outcome(schema, time.monotonic() - begin, error)


def _in_children(schemas: list[str], jobs: int) -> Iterator[Outcome]:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_forget_connections) as pool:
        waiting = {pool.submit(_migrate_one, schema): schema for schema in schemas}
        for done in as_completed(waiting):
            try:
                yield done.result()
            except BrokenProcessPool:
                yield Outcome(waiting[done], 0.0, "its process was killed; run again")


def default_jobs() -> int:
    """Return how many partners are migrated at once when nobody says."""
    return max(1, min(MOST_JOBS, os.cpu_count() or 1))


def _ordered(pending: list[Pending], canary: str) -> list[str]:
    schemas = [row.schema for row in pending]
    if canary and canary not in schemas:
        raise CommandError(f"The canary {canary} is not pending; leave it out.")
    return sorted(schemas, key=lambda schema: schema != canary) if canary else schemas


def migrate_partners(
    *, tell: Tell = str, jobs: int | None = None, canary: str = ""
) -> list[Outcome]:
    """Migrate every partner that is behind and return how each came out.

    canary: the schema that goes first, else the oldest partner's; when it fails, the
    others are not touched and the list has the canary alone. tell gets lines for people.
    """
    schemas = _ordered(pending_partners(), canary)
    if not schemas:
        tell("Every partner is up to date.")
        return []
    tell(f"{len(schemas)} to migrate; {schemas[0]} goes first.")
    outcomes: list[Outcome] = []
    for batch in (schemas[:1], schemas[1:]):
        for outcome in _in_children(batch, jobs or default_jobs()) if batch else ():
            outcomes.append(outcome)
            state = outcome.error or f"done in {outcome.seconds:.1f} s"
            tell(f"[{len(outcomes)}/{len(schemas)}] {outcome.schema}: {state}")
        if outcomes[0].error:
            tell("The first one failed, so the others were not touched.")
            break
    return outcomes


def grant_everywhere() -> int:
    """Grant the runtime role its privileges anew in every schema; return how many."""
    schemas = ["public", *Partner.objects.values_list("schema_name", flat=True)]
    for schema in schemas:
        with owner_connection() as owner:
            grant_runtime(owner, schema)
    return len(schemas)


def failure(failed: list[Outcome]) -> CommandError:
    """Return the error that ends a command with the list of what failed."""
    lines = "\n".join(f"  {outcome.schema}: {outcome.error}" for outcome in failed)
    return CommandError(
        f"{len(failed)} not migrated:\n{lines}\nRemove the cause and run migrate_partners again; "
        "it takes up only what is left."
    )
