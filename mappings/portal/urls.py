"""Mappings for client users, to read, under /mappings/."""

from django.urls import path
from django.views.decorators.http import require_safe

from mappings.pages import views
from tenants.doors import client_page

urlpatterns = [
    path("", client_page("mappings.view")(require_safe(views.mapping_list)), name="mapping_list"),
    path(
        "<int:pk>/",
        client_page("mappings.view")(require_safe(views.mapping_detail)),
        name="mapping_detail",
    ),
]
