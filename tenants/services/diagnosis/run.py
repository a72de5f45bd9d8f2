"""Runs every check, whatever another one raised."""

import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError

from tenants.context import public_scope
from tenants.services.diagnosis import anchors, database, machine, partners
from tenants.services.diagnosis.finding import Finding, fail
from tenants.services.pending import public_is_pending

logger = logging.getLogger(__name__)
Check = Callable[[], Iterator[Finding]]
_of_higher_layers: list[Check] = []


def register_check(check: Check) -> None:
    """Let a layer above look at what only it knows. Called when its app is ready."""
    if check not in _of_higher_layers:
        _of_higher_layers.append(check)


def _run(check: Check) -> list[Finding]:
    """Return a check's findings; one that breaks is itself a finding."""
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return list(check())
    except DatabaseError as error:
        return [fail(name, " ".join(str(error).split()), "See the log of the database.")]
    except Exception as error:
        logger.exception("The check %s broke", name)
        return [fail(name, f"{type(error).__name__}: {error}", "See the log.")]


def _reachable() -> Finding | None:
    """Return why the database can't be had, None when it answers."""
    try:
        with public_scope():
            list(database.check_server())
    except DatabaseError as error:
        return fail("database", " ".join(str(error).split()), "Do as it says. Nothing is lost.")
    return None


def diagnose() -> list[Finding]:
    """Return all findings, those that need no database first."""
    findings = [finding for check in machine.CHECKS for finding in _run(check)]
    if unreachable := _reachable():
        return [*findings, unreachable]
    with public_scope():
        for check in (*database.CHECKS, partners.check_migrations):
            findings.extend(_run(check))
        if not public_is_pending():  # the other questions are about tables that are not there
            for check in (*partners.CHECKS, *anchors.CHECKS, *_of_higher_layers):
                findings.extend(_run(check))
    return findings
