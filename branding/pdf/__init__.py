"""Documents under a partner's brand, for printing and keeping."""

from branding.pdf.drawing import PdfUnavailable
from branding.pdf.evidence import evidence_pdf
from branding.pdf.statement import Paper, paper_css, paper_of, statement_html, statement_pdf

__all__ = [
    "Paper",
    "PdfUnavailable",
    "evidence_pdf",
    "paper_css",
    "paper_of",
    "statement_html",
    "statement_pdf",
]
