"""Support access, under /support/ of the staff's host."""

from django.urls import URLPattern, path

from tenants.accounts.pages import support
from tenants.doors import staff_page

_grants = staff_page("support.grant")

urlpatterns: list[URLPattern] = [
    path("", _grants(support.support_list), name="support_list"),
    path("<int:pk>/revoke/", _grants(support.support_revoke), name="support_revoke"),
    path("enter/<str:secret>/", support.support_enter, name="support_enter"),
    path("leave/", staff_page(None)(support.support_leave), name="support_leave"),
]
