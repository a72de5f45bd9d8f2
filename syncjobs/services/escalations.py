"""Exceptions whose time runs out go further, to the holders of a role: each step once, recorded,
and told in one mail to each person, at most twice an hour.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from branding.commercial.escalation import reached
from branding.mail.notices import link_of
from branding.models import TierVersion
from governance import correlation
from governance.actors import SYSTEM
from governance.services import audit
from syncjobs import actions
from syncjobs.due import path_of, terms_for, within
from syncjobs.engine.issues import note
from syncjobs.indicators.stakes import stakes_of_issues
from syncjobs.models import Issue, IssueEntry
from syncjobs.services.catalogue import CATALOGUE
from syncjobs.services.mail_lines import mail_lines
from syncjobs.state import ISSUE
from tenants import mailing
from tenants.accounts.models import User
from tenants.accounts.services.roles import role_names
from tenants.context import current_schema
from tenants.outbox.models import MailOptOut

KIND: Final = "escalation"
OWNER: Final = "owner"
# Between two rounds, so that nobody has more than two mails of it an hour.
PAUSE: Final = timedelta(minutes=30)
SHOWN: Final = 10


def escalations() -> None:
    """Let what is due go further and tell whom it went to; a round that was just made is enough."""
    if current_schema() == "public":
        return
    now = timezone.now()
    last = _open().aggregate(last=Max("escalated_at"))["last"]
    if last is None or last <= now - PAUSE:
        with correlation.scope(actor=SYSTEM, door="task"), transaction.atomic():
            escalate_due(now)


def escalate_due(now: datetime) -> list[Issue]:
    """Move each exception to the step that its time has come to; return those that moved. In the
    caller's transaction, with the mails."""
    terms = _Terms()
    due = [one.pk for one in _open() if _level(one, terms[one.client_id], now) > one.level]
    # Only these are locked, and looked at again: another worker may have been faster.
    rows = _open().filter(pk__in=due).select_for_update(of=("self",), skip_locked=True)
    names = role_names() if due else {}
    moved = [one for one in rows.order_by("pk") if _escalate(one, terms[one.client_id], names, now)]
    _tell(moved, now)
    return moved


class _Terms(dict[int, TierVersion | None]):
    """What each client's tier promises, asked for once."""

    def __missing__(self, client_id: int) -> TierVersion | None:
        self[client_id] = terms_for(client_id)
        return self[client_id]


def _open() -> QuerySet[Issue]:
    return Issue.objects.filter(state__in=sorted(ISSUE.open), due_at__isnull=False)


def _level(issue: Issue, version: TierVersion | None, now: datetime) -> int:
    """Return how many steps its time has come to."""
    assert issue.due_at is not None
    begun = issue.due_at - within(version, CATALOGUE[issue.kind].due_hours)
    return reached(path_of(version), begun, issue.due_at, now)


def _escalate(
    issue: Issue, version: TierVersion | None, names: dict[str, str], now: datetime
) -> bool:
    level, due = _level(issue, version, now), issue.due_at
    assert due is not None
    if level <= issue.level:
        return False
    step = path_of(version)[level - 1]
    before = issue.escalated_to
    issue.level, issue.escalated_to, issue.escalated_at = level, step.role, now
    issue.save(update_fields=["level", "escalated_to", "escalated_at"])
    why = "It is past due." if due <= now else f"It is due at {due:%Y-%m-%d %H:%M} UTC."
    text = f"Escalated to {names.get(step.role, step.role)}. {why}"
    note(issue.pk, IssueEntry.Kind.DECISION, text)
    audit.record(
        actions.ISSUE_ESCALATED,
        object_kind="exception",
        object_id=issue.pk,
        object_label=issue.title,
        client_id=issue.client_id,
        before={"to": before},
        after={"to": step.role, "level": level, "percent": step.percent},
        reason=why,
    )
    return True


def _tell(moved: Sequence[Issue], now: datetime) -> None:
    """Queue one mail to each person whom some of these went to."""
    by_role: dict[str, list[Issue]] = defaultdict(list)
    for issue in moved:
        by_role[issue.escalated_to].append(issue)
    if not by_role:
        return
    refused = set(MailOptOut.objects.filter(kind=KIND).values_list("user_id", flat=True))
    theirs: dict[User, list[Issue]] = defaultdict(list)
    for role, issues in by_role.items():
        for person in _holders(role) or _holders(OWNER):
            theirs[person] += issues
    for person, issues in theirs.items():
        if person.pk not in refused:
            _mail(person, sorted(issues, key=lambda one: (one.severity, one.due_at, one.pk)), now)


def _holders(role: str) -> list[User]:
    people = User.objects.filter(
        kind=User.Kind.STAFF, is_active=True, role_grants__role=role
    ).prefetch_related("role_grants")
    return [one for one in people if "exceptions.view" in one.permissions]


def _mail(person: User, issues: Sequence[Issue], now: datetime) -> None:
    stakes = stakes_of_issues(one.pk for one in issues[:SHOWN])
    values = {
        "name": person.name,
        "count": len(issues),
        "more": max(0, len(issues) - SHOWN),
        "items": mail_lines(person, issues[:SHOWN], stakes, now, all_escalated=True),
        "link": link_of(person, "exception_list") + "?show=escalated",
        "off_link": link_of(person, "mail_choices"),
    }
    last = issues[0].escalated_at
    mailing.send(
        person.email, KIND, values, key=f"escalation {person.pk} {last:%Y-%m-%d %H:%M:%S.%f}"
    )
