"""Drawing reports of evidence, in the background and part by part.

First what the report tells is collected and kept; then each part is drawn from that and kept; with
the last one the report is ready. A worker that dies loses the part it was at, and the next goes on
there. Whoever is late finds that the report is another's by now, and leaves it.
"""

from __future__ import annotations

import hashlib
import io
import logging
import secrets
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db import transaction
from django.utils import timezone

from branding.actions import EVIDENCE_FAILED
from branding.mail.notices import tell_report
from branding.models import EvidenceReport
from branding.papers import REPORTS, forget_file, keep_file, read_paper
from branding.pdf import PdfUnavailable, evidence_pdf
from branding.reports import next_state, packed, part_count, unpacked
from branding.services.evidence import evidence_workbook, in_words
from branding.services.identity import current_identity
from branding.services.reports import record_report
from governance import correlation
from governance.actions import EVIDENCE_EXPORTED
from governance.evidence import Period
from governance.services.evidence import collect

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=150)
# After so long another part is left to the next turn, so that others get theirs.
TURN_SECONDS: Final = 15.0
MOST_STARTS: Final = 3
STOPPED: Final = (
    "It was stopped three times before its end. Ask for it again, for a shorter period, "
    "or as a workbook."
)
BROKEN: Final = (
    "An unexpected error stopped it. Ask for it again; if it fails once more, tell support."
)
NO_PAPER: Final = "No PDF can be made here at the moment. Ask for the workbook instead."
Stop = Callable[[], bool]


class _Lost(Exception):
    """The report is another worker's by now."""


def draw_due(*, stop: Stop = lambda: False, waited: timedelta = timedelta(0)) -> int:
    """Go on with one report that is due for `waited` or longer; return how many (0 or 1)."""
    report = _claim(timezone.now() - waited)
    if report is None:
        return 0
    began = monotonic()
    try:
        while not _step(report):
            if stop() or monotonic() - began > TURN_SECONDS:
                _hand_on(report)
                break
    except _Lost:
        pass
    except PdfUnavailable:
        _give_up(report, NO_PAPER)
    except Exception:  # whoever waits for it must be told; the cause is the operator's
        logger.exception("the report %s could not be drawn", report.pk)
        _give_up(report, BROKEN)
    return 1


@transaction.atomic
def _claim(moment: datetime) -> EvidenceReport | None:
    """Take the report that has waited longest, with a lease; one that killed its worker too
    often is given up."""
    due = EvidenceReport.objects.select_for_update(skip_locked=True, of=("self",))
    report = due.filter(due_at__lte=moment).order_by("due_at", "id").first()
    if report is None:
        return None
    if report.starts >= MOST_STARTS:
        _give_up(report, STOPPED)
        return None
    report.state = next_state(report.state, "take")
    report.starts += 1
    report.due_at = timezone.now() + LEASE
    report.save(update_fields=["state", "starts", "due_at"])
    return report


def _step(report: EvidenceReport) -> bool:
    """Collect, or draw one part; say whether the report is done."""
    if not report.source:
        _collect(report)
        return False
    number = report.parts_done + 1
    keep_file(_part_name(report, number), _drawn(report, number))
    if number < report.parts:
        _note(report, parts_done=number)
        return False
    _finish(report)
    return True


def _collect(report: EvidenceReport) -> None:
    period = Period(report.since, report.until)
    identity = current_identity()
    found = collect(correlation.current().actor, period)
    evidence = in_words(replace(found, made_by=report.asked_label), identity.nouns)
    name = f"{REPORTS}/{report.pk}-{secrets.token_hex(8)}"
    keep_file(name, packed(evidence))
    _note(
        report,
        source=name,
        parts=part_count(evidence, report.as_form),
        changes=len(evidence.stories),
    )


def _drawn(report: EvidenceReport, number: int) -> bytes:
    evidence = unpacked(_kept(report.source))
    if report.as_form == "xlsx":
        return evidence_workbook(evidence)
    return evidence_pdf(evidence, current_identity(), number, report.parts)


def _kept(name: str) -> bytes:
    content = read_paper(name)
    if content is None:
        raise FileNotFoundError(f"{name} is not in the partner's folder.")
    return content


def _part_name(report: EvidenceReport, number: int) -> str:
    return f"{report.source}-{number}.{report.form}"


def _note(report: EvidenceReport, **done: str | int) -> None:
    """Write how far it is and hold the lease. Raises _Lost when it is somebody else's."""
    fields: dict[str, object] = {**done, "starts": 1, "due_at": timezone.now() + LEASE}
    held = EvidenceReport.objects.filter(pk=report.pk, due_at=report.due_at)
    if not held.update(**fields):
        raise _Lost
    for name, value in fields.items():
        setattr(report, name, value)


def _hand_on(report: EvidenceReport) -> None:
    """Leave it to whoever comes next, at once: this is no start that failed."""
    held = EvidenceReport.objects.filter(pk=report.pk, due_at=report.due_at)
    held.update(due_at=timezone.now(), starts=0)


def _finish(report: EvidenceReport) -> None:
    """Put the parts together; in one transaction it is ready, told of and mailed.

    The file's name is this worker's own: one that comes late never writes over another's.
    """
    content, ending = _together(report)
    name = f"{report.source}-{secrets.token_hex(8)}.{ending}"
    keep_file(name, content)
    try:
        with transaction.atomic():
            row = _held(report)
            row.state = next_state(row.state, "finish")
            row.file, row.size = name, len(content)
            row.sha256 = hashlib.sha256(content).hexdigest()
            row.parts_done = row.parts
            _end(row)
            told = {"changes": row.changes, "sha256": row.sha256, "by": row.asked_label}
            record_report(EVIDENCE_EXPORTED, row, **told)
            tell_report(row)
    except _Lost:
        forget_file(name)
        raise
    for number in range(1, report.parts + 1):
        forget_file(_part_name(report, number))
    forget_file(report.source)


def _together(report: EvidenceReport) -> tuple[bytes, str]:
    """Return the file and its ending: the one part, or an archive of all."""
    if report.parts == 1:
        return _kept(_part_name(report, 1)), report.form
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number in range(1, report.parts + 1):
            inside = f"evidence-part-{number}-of-{report.parts}.{report.form}"
            archive.writestr(inside, _kept(_part_name(report, number)))
    return target.getvalue(), "zip"


def _give_up(report: EvidenceReport, problem: str) -> None:
    with transaction.atomic():
        try:
            row = _held(report)
        except _Lost:
            return
        row.state = next_state(row.state, "give_up")
        row.problem = problem
        source = row.source
        _end(row)
        record_report(EVIDENCE_FAILED, row, problem=problem)
        tell_report(row)
    forget_file(source)


def _held(report: EvidenceReport) -> EvidenceReport:
    """Return the row, locked. Raises _Lost when the report is somebody else's by now."""
    row = EvidenceReport.objects.select_for_update().filter(pk=report.pk).first()
    if row is None or row.due_at != report.due_at:
        raise _Lost
    return row


def _end(row: EvidenceReport) -> None:
    row.due_at, row.ended_at, row.source = None, timezone.now(), ""
    row.save()
