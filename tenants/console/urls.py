"""The operators' host. Sign-in comes from `tenants.accounts.urls`."""

from django.urls import path

from tenants.console import api, views

urlpatterns = [
    path("", views.partner_list, name="partner_list"),
    path("partners/new/", views.partner_add, name="partner_add"),
    path("partners/<int:pk>/", views.partner_detail, name="partner_detail"),
    path("partners/<int:pk>/suspend/", views.partner_suspend, name="partner_suspend"),
    path("partners/<int:pk>/resume/", views.partner_resume, name="partner_resume"),
    path("partners/<int:pk>/invite/", views.partner_invite, name="partner_invite"),
    path("partners/<int:pk>/hosts/", views.host_add, name="host_add"),
    path("partners/<int:pk>/support/<int:grant>/", views.support_ask, name="support_ask"),
    path("domains/", views.domain_overview, name="domain_overview"),
    path("hosts/<int:pk>/activate/", views.host_activate, name="host_activate"),
    path("hosts/<int:pk>/remove/", views.host_remove, name="host_remove"),
    path("health/", views.health_overview, name="health_overview"),
    path("api/v1/partners/", api.PartnerListView.as_view(), name="operator_partners"),
    path("api/v1/partners/<int:pk>/", api.PartnerView.as_view(), name="operator_partner"),
    path("api/v1/partners/<int:pk>/suspend/", api.SuspendView.as_view(), name="operator_suspend"),
    path("api/v1/partners/<int:pk>/resume/", api.ResumeView.as_view(), name="operator_resume"),
]
