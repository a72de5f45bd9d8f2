"""Evidence for auditors, on the staff's host."""

from django.urls import path

from branding.admin import evidence
from tenants.doors import staff_page

_see = staff_page("audit.view")

urlpatterns = [
    path("", _see(evidence.evidence), name="evidence"),
    path("evidence.xlsx", _see(evidence.evidence_workbook), name="evidence_workbook"),
    path("evidence.pdf", _see(evidence.evidence_paper), name="evidence_paper"),
]
