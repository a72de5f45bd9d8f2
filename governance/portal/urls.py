"""Approvals, under one prefix of the portal's host."""

from django.urls import URLPattern, path

from governance.portal import approvals

urlpatterns: list[URLPattern] = [
    path("", approvals.approval_list, name="approval_list"),
    path("<int:pk>/", approvals.approval_detail, name="approval_detail"),
    path("<int:pk>/impact/", approvals.approval_impact, name="approval_impact"),
    path("<int:pk>/impact/again/", approvals.approval_impact_again, name="approval_impact_again"),
    path("<int:pk>/approve/", approvals.approval_approve, name="approval_approve"),
    path("<int:pk>/reject/", approvals.approval_reject, name="approval_reject"),
    path("<int:pk>/comment/", approvals.approval_comment, name="approval_comment"),
    path("<int:pk>/files/", approvals.approval_attach, name="approval_attach"),
    path("<int:pk>/files/<int:number>/", approvals.approval_attachment, name="approval_attachment"),
]
