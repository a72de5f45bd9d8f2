"""The proof of the audit trail, under one prefix of the portal's host."""

from django.urls import URLPattern, path

from governance.portal import proof

urlpatterns: list[URLPattern] = [
    path("", proof.audit_proof, name="audit_proof"),
    path("download/", proof.audit_proof_download, name="audit_proof_download"),
]
