"""Evidence for auditors, on the staff's host."""

from django.urls import path

from branding.admin import evidence
from tenants.doors import staff_page

_see = staff_page("audit.view")

urlpatterns = [
    path("", _see(evidence.evidence), name="evidence"),
    path("ask/", _see(evidence.evidence_ask), name="evidence_ask"),
    path("<int:pk>/", _see(evidence.evidence_file), name="evidence_file"),
]
