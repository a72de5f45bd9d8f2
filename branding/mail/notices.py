"""Mails about what has happened, to those whom it concerns. Call in the transaction of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from branding.formats import date_text, money_text
from branding.models import EvidenceReport, Statement
from branding.services.identity import current_identity
from branding.viewer import Viewer, chosen
from governance.clients import client_names
from governance.hashing import json_hash
from governance.models import ChangeRequest
from governance.services.details import awaiting_signature
from governance.services.requests import visible_requests
from tenants import mailing
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.accounts.notices import own_host

_MENTION: Final = re.compile(r"@([^\s@]{1,64}@[^\s@]{1,180}[^\s@.,;:!?)])")
_MOST_NAMED: Final = 10


def people_with(permission: str, client_id: int | None) -> Iterator[User]:
    """The people who hold a permission: a client's own, or the partner's staff for None."""
    everybody = User.objects.filter(is_active=True).exclude(kind=User.Kind.OPERATOR)
    found = everybody.filter(client=None)
    if client_id is not None:
        found = everybody.filter(client_id=client_id)
    for person in found.prefetch_related("role_grants").select_related("client"):
        if permission in person.permissions:
            yield person


def link_of(person: User, page: str, *arguments: object) -> str:
    """The absolute address of a page, on the person's own host."""
    door = "portal" if person.kind == User.Kind.CLIENT else "admin"
    return own_host(person) + reverse(page, args=arguments, urlconf=f"config.urls_{door}")


def viewer_for(person: User) -> Viewer:
    """How this person reads numbers and dates."""
    return chosen(person, person.client, current_identity())


def ask_for_signatures(request: ChangeRequest) -> None:
    """Ask everybody who can sign a change now, once for each revision of it; for an emergency
    once when it went in and once when nobody had reviewed it in time."""
    step = " emergency" if request.emergency else ""
    step += " late" if request.escalated_at is not None else ""
    clients = {None, request.client_id}
    people = [person for one in clients for person in people_with("changes.approve", one)]
    client = client_names([request.client_id]).get(request.client_id or 0, "")
    for person in people:
        if not awaiting_signature(actor_for(person), person, only=request.pk):
            continue
        page = "approval_detail" if person.client_id else "change_detail"
        expires = request.review_due_at if request.emergency else request.expires_at
        mailing.send(
            person.email,
            "approval_asked",
            {
                "name": person.name,
                "title": request.title,
                "author": request.author_label.partition(" <")[0],
                "client": client,
                "reason": request.reason,
                "money": bool(request.risk.get("touches_money")),
                "expires": date_text(expires.date(), viewer_for(person)) if expires else "",
                "emergency": request.emergency_reason,
                "escalated": request.escalated_at is not None,
                "link": link_of(person, page, request.pk),
            },
            key=f"approval {request.pk} {request.revision} {person.pk}{step}",
        )


def tell_mentioned(request: ChangeRequest, author: str, words: str) -> None:
    """Tell whoever a comment names by @ and their address, if they can see the change."""
    named = {one.casefold() for one in _MENTION.findall(words)[:_MOST_NAMED]}
    people = User.objects.filter(email__in=named, is_active=True) if named else []
    for person in people:
        actor = actor_for(person)
        sees = visible_requests(actor).filter(pk=request.pk).exists()
        if not (sees and actor.can("changes.view", request.client_id)):
            continue
        mailing.send(
            person.email,
            "change_comment",
            {
                "name": person.name,
                "title": request.title,
                "author": author,
                "text": words,
                "link": link_of(
                    person, "approval_detail" if person.client_id else "change_detail", request.pk
                ),
            },
            key=f"comment {request.pk} {json_hash({'by': author, 'text': words})} {person.pk}",
        )


def tell_statement_ready(statement: Statement) -> None:
    """Tell the client's people who may see statements."""
    for person in people_with("statements.view", statement.client_id):
        total = money_text(statement.total, statement.currency, viewer_for(person))
        mailing.send(
            person.email,
            "statement_ready",
            {
                "name": person.name,
                "client": str(statement.client),
                "number": statement.number,
                "month": statement.period.label,
                "total": f"{statement.currency} {total}",
                "link": link_of(person, "statement_issued", statement.number),
            },
            key=f"statement {statement.number} {person.pk}",
        )


def tell_report(report: EvidenceReport) -> None:
    """Tell whoever asked for a report what came of it, once, if they may still have it."""
    person = report.asked_by
    if person is None or not person.is_active or "audit.view" not in person.permissions:
        return
    viewer = viewer_for(person)
    first, last = report.since, report.until - timedelta(seconds=1)
    days = [
        date_text(timezone.localtime(one, viewer.tzinfo).date(), viewer) for one in (first, last)
    ]
    mailing.send(
        person.email,
        "report_ready",
        {
            "name": person.name,
            "title": f"{report.form_label}, {' to '.join(dict.fromkeys(days))}",
            "changes": report.changes,
            "problem": report.problem,
            "days": settings.REPORT_DAYS,
            "link": link_of(person, "evidence"),
        },
        key=f"report {report.pk}",
    )
