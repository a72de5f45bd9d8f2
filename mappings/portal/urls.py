"""Mappings for client users, to read, under /mappings/."""

from django.urls import path
from django.views.decorators.http import require_safe

from mappings.pages import mappings
from tenants.doors import client_page

view = client_page("mappings.view")

urlpatterns = [
    path("", view(require_safe(mappings.mapping_list)), name="mapping_list"),
    path("<int:pk>/", view(require_safe(mappings.mapping_detail)), name="mapping_detail"),
]
