"""What an auditor gets for a period: the shapes, and where other apps add their part. Pure.

Change requests are governance's own (`services.evidence`). Who had which role, failed sign-ins
and the check of the audit trail come from sources that are registered in `AppConfig.ready()`.
All times are written in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

NOT_AVAILABLE: Final = "Not available: nothing here checks the audit trail's seals yet."


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time: `since` is included, `until` is not."""

    since: datetime
    until: datetime

    def has(self, moment: datetime | None) -> bool:
        """Say whether a moment lies in it."""
        return moment is not None and self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the export. note: what it holds and how it came about, in sentences."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    empty: str = "Nothing in this period."


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the audit trail said. ok: None where nothing could be checked."""

    ok: bool | None
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Story:
    """One change request from the proposal to what became of it. Texts are fit to show.

    concerns: the client's name, "" for the partner as a whole.
    links: sentences about what rolled it back, or what it rolled back.
    files: (name, bytes, SHA-256, who, when) of what is attached.
    approvals: (who, for whom, when, counts or not, before it went live or not, remark).
    impacts: one line for each preview. changed: (object, was, became, differences).
    steps: (when, who, through which door, what, why).
    """

    number: int
    title: str
    reason: str
    ticket: str
    concerns: str
    author: str
    writers: str
    status: str
    risk: str
    emergency: bool
    revision: int
    content_hash: str
    proposed: str
    applied: str
    applied_by: str
    closed_by: str
    links: list[str] = field(default_factory=list)
    files: list[tuple[str, ...]] = field(default_factory=list)
    approvals: list[tuple[str, ...]] = field(default_factory=list)
    impacts: list[str] = field(default_factory=list)
    changed: list[tuple[str, str, str, list[str]]] = field(default_factory=list)
    steps: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. population: how the list of changes came about, and whether it is complete."""

    period: Period
    made_at: datetime
    made_by: str
    population: list[str]
    stories: list[Story]
    emergencies: Section
    sections: list[Section]
    verification: Verification


Source = Callable[[Period], Section]
Check = Callable[[Period], Verification]
_sources: list[Source] = []
_checks: list[Check] = []


def register_source(source: Source) -> None:
    """Add a section to every export, after those registered before."""
    if source not in _sources:
        _sources.append(source)


def register_verification(check: Check) -> None:
    """Say how the audit trail is checked for an export. One only."""
    _checks[:] = [check]


def sections_of(period: Period) -> list[Section]:
    """Return the sections of other apps."""
    return [source(period) for source in _sources]


def verification_of(period: Period) -> Verification:
    """Return what the check of the trail says; that there is none where none is registered."""
    return _checks[0](period) if _checks else Verification(None, [NOT_AVAILABLE])


def utc(moment: datetime | None) -> str:
    """Return a moment as an export writes it, "" for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""
