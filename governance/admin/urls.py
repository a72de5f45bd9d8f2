"""Change requests and the audit trail, under one prefix of the staff's host."""

from django.urls import URLPattern, path

from governance.admin import changes, proof, trail

urlpatterns: list[URLPattern] = [
    path("", changes.change_list, name="change_list"),
    path("<int:pk>/", changes.change_detail, name="change_detail"),
    path("<int:pk>/approve/", changes.change_approve, name="change_approve"),
    path("<int:pk>/reject/", changes.change_reject, name="change_reject"),
    path("<int:pk>/withdraw/", changes.change_withdraw, name="change_withdraw"),
    path("<int:pk>/apply/", changes.change_apply, name="change_apply"),
    path("audit/", trail.audit_list, name="audit_list"),
    path("audit/export/", trail.audit_export, name="audit_export"),
    path("audit/proof/", proof.audit_proof, name="audit_proof"),
    path("audit/proof/check/", proof.audit_check, name="audit_check"),
    path("audit/proof/download/", proof.audit_proof_download, name="audit_proof_download"),
]
