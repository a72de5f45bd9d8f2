"""Mappings for client users, to read, under /mappings/."""

from django.urls import path

from mappings.pages import views
from tenants.doors import client_page

urlpatterns = [
    path("", client_page("mappings.view")(views.mapping_list), name="mapping_list"),
    path("<int:pk>/", client_page("mappings.view")(views.mapping_detail), name="mapping_detail"),
]
