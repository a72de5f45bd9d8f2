"""Exceptions as mails list them: what, whose, how often, how late, and the money that they stop."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from branding.formats import money_text
from branding.mail.notices import link_of, viewer_for
from branding.viewer import Viewer
from syncjobs.indicators.stakes import Stake
from syncjobs.models import Issue
from tenants.accounts.models import User

Stakes = Mapping[int, Sequence[Stake]]


def mail_lines(
    person: User,
    issues: Sequence[Issue],
    stakes: Stakes,
    now: datetime,
    *,
    all_escalated: bool = False,
) -> list[dict[str, str]]:
    """Return title, what is said about it and link of each. `stakes`: by the exception's id.

    all_escalated: the mail says so of all, its lines do not.
    """
    viewer = viewer_for(person)
    return [
        {
            "title": one.title,
            "about": " · ".join(
                [
                    *([str(one.client)] if person.client_id is None else []),
                    *_facts(one, now, escalated=bool(one.escalated_to) and not all_escalated),
                    *(_amount(stake, viewer) for stake in stakes.get(one.pk, ())),
                ]
            ),
            "link": link_of(person, "exception_detail", one.pk),
        }
        for one in issues
    ]


def _facts(issue: Issue, now: datetime, *, escalated: bool) -> list[str]:
    facts = {
        f"{issue.count} times": issue.count > 1,
        "past due": issue.due_at is not None and issue.due_at < now,
        "escalated": escalated,
    }
    return [words for words, holds in facts.items() if holds]


def _amount(stake: Stake, viewer: Viewer) -> str:
    return f"{money_text(stake.amount, stake.currency, viewer)} {stake.currency}".strip()
