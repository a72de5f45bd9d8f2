"""Evidence of change control on paper: the story of every change, then access and sign-ins."""

from __future__ import annotations

from typing import Final

from django.template.loader import render_to_string

from branding.identity import Identity
from branding.pdf.drawing import GIVEN, draw_pdf
from branding.pdf.statement import paper_css
from branding.reports import STORIES_IN_A_PART
from branding.storage import read_picture
from governance.evidence import Evidence, Section

_LOGO: Final = "logo.png"
# A row costs some 6 ms: an attack on sign-ins must not keep a worker for minutes.
MOST_ROWS: Final = 1_000
MOST_LINES: Final = 200


def evidence_pdf(evidence: Evidence, identity: Identity, part: int = 1, parts: int = 1) -> bytes:
    """A part of the paper as PDF; what is too much for paper is named, and is in the workbook.

    Raises PdfUnavailable.
    """
    picture = read_picture(identity.logo)
    html = evidence_html(evidence, identity, part, parts, has_logo=picture is not None)
    css = paper_css(identity) + render_to_string("pdf/evidence.css")
    return draw_pdf(html, css, {} if picture is None else {_LOGO: picture})


def evidence_html(
    evidence: Evidence,
    identity: Identity,
    part: int = 1,
    parts: int = 1,
    *,
    has_logo: bool = False,
) -> str:
    """A part of the paper as a page: its share of the changes, and in the last all the rest."""
    begin = (part - 1) * STORIES_IN_A_PART
    last = part == parts
    sections = [_shown(one) for one in (evidence.emergencies, *evidence.sections)]
    return render_to_string(
        "pdf/evidence.html",
        {
            "evidence": evidence,
            "stories": evidence.stories[begin : begin + STORIES_IN_A_PART],
            "sections": sections if last else [],
            "part": part,
            "parts": parts,
            "last": last,
            "most_lines": MOST_LINES,
            "brand": identity,
            "logo_url": f"{GIVEN}{_LOGO}" if has_logo else "",
        },
    )


def _shown(section: Section) -> dict[str, object]:
    return {
        "section": section,
        "rows": section.rows[:MOST_ROWS],
        "more": max(0, len(section.rows) - MOST_ROWS),
    }
