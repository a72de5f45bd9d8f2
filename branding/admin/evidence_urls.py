"""Evidence for auditors, on the staff's host."""

from django.urls import path

from branding.admin import evidence
from branding.admin.anchor_mail import anchor_mail
from tenants.doors import staff_page

_see = staff_page("audit.view")

urlpatterns = [
    path("", _see(evidence.evidence), name="evidence"),
    path("mail/", staff_page("changes.propose")(anchor_mail), name="anchor_mail"),
    path("ask/", _see(evidence.evidence_ask), name="evidence_ask"),
    path("<int:pk>/", _see(evidence.evidence_file), name="evidence_file"),
]
