"""Reports of evidence: asking for one, fetching one, and letting go of what was kept long enough.

A request never draws: `services.report_drawing` does, in the background.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from branding.actions import EVIDENCE_ASKED, EVIDENCE_FETCHED, EVIDENCE_REMOVED
from branding.models import EvidenceReport
from branding.papers import REPORTS, files_before, forget_file, read_paper
from branding.reports import OPEN, Form, next_state
from governance.actions import Action
from governance.actors import Actor
from governance.bell import ring_bell
from governance.errors import BadTransition
from governance.evidence import Period, utc
from governance.services import audit
from governance.services.targets import take_turns

PERMISSION: Final = "audit.view"
OBJECT: Final = "evidence"
MOST_OPEN: Final = 10
# Files of a report that is drawn right now are younger than this.
_STRAY_AFTER: Final = timedelta(days=1)


@transaction.atomic
def ask_report(actor: Actor, period: Period, form: Form) -> EvidenceReport:
    """Let a report be drawn; whoever asked is mailed when it is there.

    Raises NotPermitted: it tells of all clients, so only the partner's own people get it.
    BadTransition when the same one, or too many, are on their way.
    """
    actor.require(PERMISSION, None)
    take_turns(OBJECT)  # of two clicks at once, the second sees what the first asked for
    open_ones = list(EvidenceReport.objects.filter(state__in=sorted(OPEN)))
    asked = (period.since, period.until, form)
    if any((one.since, one.until, one.form) == asked for one in open_ones):
        raise BadTransition("This report is on its way already. It appears below.")
    if len(open_ones) >= MOST_OPEN:
        raise BadTransition(f"{MOST_OPEN} reports are on their way. Wait until one is ready.")
    report = EvidenceReport.objects.create(
        since=period.since,
        until=period.until,
        form=form,
        asked_by_id=actor.id if actor.kind == "person" else None,
        asked_label=actor.label[:200],
        due_at=timezone.now(),
    )
    record_report(EVIDENCE_ASKED, report)
    ring_bell()
    return report


def reports_of(actor: Actor) -> QuerySet[EvidenceReport]:
    """Return all reports, the newest first. Raises NotPermitted."""
    actor.require(PERMISSION, None)
    return EvidenceReport.objects.all()


@transaction.atomic
def fetch_report(actor: Actor, report_id: int) -> tuple[EvidenceReport, bytes]:
    """Return a report that is ready with its file; that it was fetched is recorded.

    Raises NotPermitted, EvidenceReport.DoesNotExist also for one that is not ready, and
    BadTransition where the file is gone or is not what was drawn.
    """
    report = reports_of(actor).get(pk=report_id, state="ready")
    content = read_paper(report.file)
    if content is None:
        raise BadTransition("The file is not there any more. Ask for the report again.")
    if hashlib.sha256(content).hexdigest() != report.sha256:
        raise BadTransition(
            "The file is not the one that was drawn: it was altered. Ask for the report again, "
            "and tell whoever runs the installation."
        )
    record_report(EVIDENCE_FETCHED, report, sha256=report.sha256)
    return report, content


def forget_old_reports() -> int:
    """Remove files that were kept long enough, and those that belong to no report; return how
    many. The rows stay and say so."""
    kept = timedelta(days=settings.REPORT_DAYS)
    old = EvidenceReport.objects.filter(state="ready", ended_at__lt=timezone.now() - kept)
    removed = sum(_remove(report.pk) for report in old) if settings.REPORT_DAYS else 0
    strays = files_before(REPORTS, timezone.now() - _STRAY_AFTER)
    rows = EvidenceReport.objects.exclude(file="", source="").values_list("file", "source")
    known = {name for row in rows for name in row if name}
    for name in strays:
        if name not in known and not any(name.startswith(f"{one}-") for one in known):
            forget_file(name)
            removed += 1
    return removed


@transaction.atomic
def _remove(report_id: int) -> int:
    report = EvidenceReport.objects.select_for_update().get(pk=report_id)
    if report.state != "ready":
        return 0
    name, report.file = report.file, ""
    report.state = next_state(report.state, "remove")
    report.save(update_fields=["state", "file"])
    record_report(EVIDENCE_REMOVED, report)
    transaction.on_commit(lambda: forget_file(name))
    return 1


def record_report(action: Action, report: EvidenceReport, **more: object) -> None:
    """Record a step of a report's life in the audit trail."""
    audit.record(
        action,
        object_kind=OBJECT,
        object_id=report.pk,
        object_label=report.form_label,
        after={
            "since": utc(report.since),
            "until": utc(report.until),
            "form": report.form,
            **more,
        },
    )
