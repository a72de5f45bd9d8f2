"""Checks the trail because a person asked, and records that they did."""

from collections.abc import Sequence
from typing import Final

from governance.actions import AUDIT_CHECKED
from governance.actors import Actor
from governance.anchor_files import Kept
from governance.evidence import Period, Verification
from governance.services import audit
from governance.services.seals import last_seal
from governance.services.verifying import verify_trail
from governance.statements import statement_from
from governance.verdicts import Report

# About three seconds; more is for the command, or for a proof that is checked elsewhere.
MOST_IN_A_PAGE: Final = 300_000
# Somebody waits for a page; evidence is drawn up in the background.
PAGE_SECONDS, REPORT_SECONDS = 10.0, 60.0
_SHOWN: Final = 20


class TooLongForAPage(Exception):
    """There are too many entries; the message says what to do."""


def check_trail(actor: Actor, *, most: int = MOST_IN_A_PAGE, files: Sequence[Kept] = ()) -> Report:
    """Check every entry against every place that is set up, and against anchors that somebody
    kept. Raises NotPermitted for a client's actor too, TooLongForAPage."""
    actor.require("audit.view", client_id=None)
    seal = last_seal()
    total = statement_from(seal.statement).total if seal else 0
    if total > most:
        raise TooLongForAPage(
            f"The trail has {total:,} entries, too many to check on a page. Download the proof and "
            "check it with the program in it, or ask whoever runs the installation to check it."
        )
    report = verify_trail(seconds=PAGE_SECONDS, files=files)
    audit.record(
        AUDIT_CHECKED,
        object_kind="audit_trail",
        object_id="",
        after={
            "entries": report.entries,
            "holds": report.holds,
            "places": [str(one) for one in report.places],
            "first_finding": str(report.findings[0]) if report.findings else "",
        },
    )
    return report


def verification(period: Period) -> Verification:
    """Return what the evidence of a period says of the trail: it is checked as a whole, since
    what is missing from a period shows only in the chain."""
    seal = last_seal()
    if seal is not None and statement_from(seal.statement).total > MOST_IN_A_PAGE:
        return Verification(None, ["Too many entries to check here: download the proof instead."])
    report = verify_trail(seconds=REPORT_SECONDS)
    count = f"{report.entries:,} entries in {report.seals:,} seals"
    anchored = f"Anchored up to seal {report.anchored:,}"
    waiting = f"{report.pending:,} entr{'y' if report.pending == 1 else 'ies'}"
    lines = [f"{count}. {anchored}. Not sealed yet: {waiting}."]
    found = report.findings
    lines += [str(one) for one in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"And {len(found) - _SHOWN} more.")
    lines += [str(one) for one in report.places]
    # What could not be compared is no pass.
    holds = report.holds if report.is_whole or not report.holds else None
    return Verification(holds, [*lines, *report.notes])
