"""The daily mail about open exceptions, to each person who wants it: who works the queue is told of
all, who has the role that a gate alerts of what this gate holds or refuses, and who has a role that
something was escalated to of that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from branding.mail.notices import link_of
from branding.services.identity import current_identity
from branding.viewer import chosen
from syncjobs.indicators.stakes import stakes_of_issues
from syncjobs.models import Issue
from syncjobs.services.mail_lines import Stakes, mail_lines
from syncjobs.state import ISSUE
from tenants import mailing
from tenants.accounts.models import User
from tenants.context import current_schema
from tenants.outbox.models import MailOptOut, OutgoingMail

KIND: Final = "exception_digest"
FROM_HOUR, UNTIL_HOUR = 7, 20
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Digest:
    """The open exceptions of one client, or of all."""

    open: int
    late: int
    new: int
    worst: list[Issue]
    stakes: Stakes


def exception_digests() -> None:
    """Queue the day's mails once it is morning in the brand's time zone; nothing open, no mail."""
    if current_schema() == "public":
        return
    zone = chosen(current_identity()).zone
    local = timezone.now().astimezone(ZoneInfo(zone))
    if not FROM_HOUR <= local.hour < UNTIL_HOUR or not _open(None).exists():
        return
    day = f"digest {local:%Y-%m-%d}"
    if OutgoingMail.objects.filter(key__startswith=day).exists():
        return
    _queue(day, local)


@transaction.atomic
def _queue(day: str, now: datetime) -> None:
    known: dict[tuple[int | None, frozenset[str]], Digest] = {}
    for person, roles in _people():
        at = (person.client_id, roles)
        if at not in known:
            known[at] = _digest(person.client_id, roles, now)
        digest = known[at]
        if digest.open:
            values = _values(person, digest, now)
            mailing.send(person.email, KIND, values, key=f"{day} {person.pk}")


def _people() -> list[tuple[User, frozenset[str]]]:
    """Return who is told, with the roles that gates alert them by; none for who is told of all."""
    refused = MailOptOut.objects.filter(kind=KIND).values("user_id")
    found = User.objects.filter(is_active=True).exclude(pk__in=refused)
    alerted = set(_open(None).exclude(detail__alert="").values_list("detail__alert", flat=True))
    alerted |= set(_open(None).exclude(escalated_to="").values_list("escalated_to", flat=True))
    told: list[tuple[User, frozenset[str]]] = []
    for person in found.prefetch_related("role_grants"):
        roles = frozenset(grant.role for grant in person.role_grants.all()) & alerted
        if "exceptions.work" in person.permissions:
            told.append((person, frozenset()))
        elif roles and "exceptions.view" in person.permissions:
            told.append((person, roles))
    return told


def _open(client_id: int | None) -> "QuerySet[Issue]":
    rows = Issue.objects.filter(state__in=sorted(ISSUE.open))
    return rows if client_id is None else rows.filter(client_id=client_id)


def _digest(client_id: int | None, roles: frozenset[str], now: datetime) -> Digest:
    rows = _open(client_id)
    if roles:
        mine = sorted(roles)
        rows = rows.filter(Q(detail__alert__in=mine) | Q(escalated_to__in=mine))
    order = ("severity", F("due_at").asc(nulls_last=True), "pk")
    worst = list(rows.select_related("client").order_by(*order)[:SHOWN])
    return Digest(
        open=rows.count(),
        late=rows.filter(due_at__lt=now).count(),
        new=rows.filter(first_at__gte=now - timedelta(days=1)).count(),
        worst=worst,
        stakes=stakes_of_issues(one.pk for one in worst),
    )


def _values(person: User, digest: Digest, now: datetime) -> dict[str, object]:
    return {
        "name": person.name,
        "open": digest.open,
        "late": digest.late,
        "new": digest.new,
        "more": digest.open - len(digest.worst),
        "items": mail_lines(person, digest.worst, digest.stakes, now),
        "link": link_of(person, "exception_list"),
        "off_link": link_of(person, "mail_choices"),
    }
