"""The mail about what is stopped, to those who asked for it, whenever that changes.

Stopped is a system that cannot be used (its breaker is open, or it refuses the credentials) and
a workflow that was paused. What somebody was told last stands in the key of their last mail, so
that nothing is repeated: neither by a second worker nor while nothing changes.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from branding.mail.notices import link_of
from syncjobs.models import Issue, Workflow
from syncjobs.state import ISSUE, WORKFLOW
from tenants import mailing
from tenants.accounts.models import User
from tenants.accounts.notices import moment_text
from tenants.context import current_schema
from tenants.outbox.models import OutgoingMail

KIND: Final = "incident"
STOPPED_BY: Final = ("system_unreachable", "credentials_refused")
SHOWN: Final = 10
_NOTHING, _KEY_ROOM = "-", 100


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing that is stopped. code: `i` and an exception's number, or `w` and a workflow's."""

    code: str
    title: str
    client: str
    page: str
    pk: int


def incident_news() -> None:
    """Queue a mail to each who asked and for whom it stands otherwise than they were told."""
    if current_schema() == "public":
        return
    asked = User.objects.filter(is_active=True, mail_opt_outs__kind=KIND)
    for person in asked.prefetch_related("role_grants"):
        if "exceptions.view" in person.permissions:
            _tell(person)


@transaction.atomic
def _tell(person: User) -> None:
    stops = _stops(person.client_id)
    number, told = _told(person)
    now = _code_of([one.code for one in stops])
    if now == told:
        return
    values = {
        "name": person.name,
        "at": moment_text(timezone.now()),
        "others": max(0, len(stops) - 1),
        "more": max(0, len(stops) - SHOWN),
        "items": [
            {
                "title": one.title,
                "about": one.client if person.client_id is None else "",
                "link": link_of(person, one.page, one.pk),
            }
            for one in stops[:SHOWN]
        ],
        "over": _titles([code for code in _codes_in(told) if code not in _codes_in(now)]),
        "link": link_of(person, "exception_list"),
        "off_link": link_of(person, "mail_choices"),
    }
    mailing.send(person.email, KIND, values, key=f"incident {person.pk} {number + 1} {now}")


def _stops(client_id: int | None) -> list[Stop]:
    """Return what is stopped now, of one client or of all: systems first, the oldest first."""
    issues = Issue.objects.filter(state__in=sorted(ISSUE.open), kind__in=STOPPED_BY)
    paused = Workflow.objects.filter(state=WORKFLOW.target("pause"))
    if client_id is not None:
        issues, paused = issues.filter(client_id=client_id), paused.filter(client_id=client_id)
    return [
        Stop(f"i{one.pk}", one.title, str(one.client), "exception_detail", one.pk)
        for one in issues.select_related("client").order_by("pk")
    ] + [
        Stop(f"w{one.pk}", f"{one.name} is paused", str(one.client), "workflow_detail", one.pk)
        for one in paused.select_related("client").order_by("pk")
    ]


def _told(person: User) -> tuple[int, str]:
    """Return the number of the last mail to somebody, and what it said was stopped."""
    mine = OutgoingMail.objects.filter(key__startswith=f"incident {person.pk} ").order_by("-pk")
    last = mine.values_list("key", flat=True).first()
    if last is None:
        return 0, _NOTHING
    _, _, number, code = str(last).split(" ")
    return int(number), code


def _code_of(codes: list[str]) -> str:
    """Return what is stopped as one word; where it is much, its hash."""
    text = ".".join(sorted(codes)) or _NOTHING
    return text if len(text) <= _KEY_ROOM else "#" + hashlib.sha256(text.encode()).hexdigest()


def _codes_in(word: str) -> list[str]:
    """Return what `_code_of` was given; nothing of a hash."""
    return [] if word == _NOTHING or word.startswith("#") else word.split(".")


def _titles(codes: list[str]) -> list[str]:
    issues = [int(code[1:]) for code in codes if code.startswith("i")]
    workflows = [int(code[1:]) for code in codes if code.startswith("w")]
    titles = list(Issue.objects.filter(pk__in=issues).values_list("title", flat=True))
    names = Workflow.objects.filter(pk__in=workflows).values_list("name", flat=True)
    return titles + [f"{name} is paused" for name in names]
