"""Evidence of change control on paper: the story of every change, then access and sign-ins."""

from __future__ import annotations

from typing import Final

from django.template.loader import render_to_string

from branding.identity import Identity
from branding.pdf.drawing import GIVEN, draw_pdf
from branding.pdf.statement import paper_css
from branding.storage import read_picture
from branding.viewer import Viewer
from governance.evidence import Evidence, Section

_LOGO: Final = "logo.png"
# Drawn while somebody waits: what these allow takes some ten seconds of one core.
MOST_STORIES: Final = 80
MOST_ROWS: Final = 100
MOST_LINES: Final = 60


def evidence_pdf(evidence: Evidence, identity: Identity, viewer: Viewer) -> bytes:
    """The paper as PDF; what is too much for paper is named, and is in the workbook.

    Raises PdfUnavailable.
    """
    picture = read_picture(identity.logo)
    html = evidence_html(evidence, identity, viewer, has_logo=picture is not None)
    css = paper_css(identity) + render_to_string("pdf/evidence.css")
    return draw_pdf(html, css, {} if picture is None else {_LOGO: picture})


def evidence_html(
    evidence: Evidence, identity: Identity, viewer: Viewer, *, has_logo: bool = False
) -> str:
    """The paper as a page."""
    sections = [_shown(one) for one in (evidence.emergencies, *evidence.sections)]
    return render_to_string(
        "pdf/evidence.html",
        {
            "evidence": evidence,
            "stories": evidence.stories[:MOST_STORIES],
            "others": evidence.stories[MOST_STORIES:],
            "sections": sections,
            "most_lines": MOST_LINES,
            "brand": identity,
            "viewer": viewer,
            "logo_url": f"{GIVEN}{_LOGO}" if has_logo else "",
        },
    )


def _shown(section: Section) -> dict[str, object]:
    return {
        "section": section,
        "rows": section.rows[:MOST_ROWS],
        "more": max(0, len(section.rows) - MOST_ROWS),
    }
