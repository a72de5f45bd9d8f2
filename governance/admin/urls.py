"""Change requests and the audit trail, under one prefix of the staff's host."""

from django.urls import URLPattern, path

from governance.admin import change_steps, changes, policies, proof, trail, windows

urlpatterns: list[URLPattern] = [
    path("", changes.change_list, name="change_list"),
    path("<int:pk>/", changes.change_detail, name="change_detail"),
    path("<int:pk>/approve/", changes.change_approve, name="change_approve"),
    path("<int:pk>/reject/", changes.change_reject, name="change_reject"),
    path("<int:pk>/withdraw/", changes.change_withdraw, name="change_withdraw"),
    path("<int:pk>/apply/", changes.change_apply, name="change_apply"),
    path("<int:pk>/impact/", changes.change_impact, name="change_impact"),
    path("<int:pk>/impact/again/", changes.change_impact_again, name="change_impact_again"),
    path("<int:pk>/emergency/", change_steps.change_rush, name="change_rush"),
    path("<int:pk>/alone/", change_steps.change_alone, name="change_alone"),
    path("<int:pk>/schedule/", change_steps.change_schedule, name="change_schedule"),
    path("<int:pk>/hold/", change_steps.change_hold, name="change_hold"),
    path("<int:pk>/roll-back/", change_steps.change_roll_back, name="change_roll_back"),
    path("<int:pk>/send-again/", change_steps.change_replay, name="change_replay"),
    path("<int:pk>/join/", change_steps.change_join, name="change_join"),
    path("<int:pk>/entities/", change_steps.change_entities, name="change_entities"),
    path("<int:pk>/comment/", change_steps.change_comment, name="change_comment"),
    path("<int:pk>/files/", change_steps.change_attach, name="change_attach"),
    path("<int:pk>/files/<int:number>/", change_steps.change_attachment, name="change_attachment"),
    path("rules/", policies.policy_list, name="policy_list"),
    path("rules/<str:kind>/<str:risk>/", policies.policy_edit, name="policy_edit"),
    path("calendar/", windows.window_calendar, name="window_calendar"),
    path("calendar/add/", windows.window_add, name="window_add"),
    path("calendar/<int:pk>/", windows.window_edit, name="window_edit"),
    path("audit/", trail.audit_list, name="audit_list"),
    path("audit/export/", trail.audit_export, name="audit_export"),
    path("audit/proof/", proof.audit_proof, name="audit_proof"),
    path("audit/proof/check/", proof.audit_check, name="audit_check"),
    path("audit/proof/download/", proof.audit_proof_download, name="audit_proof_download"),
]
