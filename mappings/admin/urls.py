"""Pages of mappings for staff, under /mappings/."""

from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from mappings.pages import views
from tenants.doors import staff_page

urlpatterns = [
    path("", staff_page("mappings.view")(require_safe(views.mapping_list)), name="mapping_list"),
    path(
        "<int:pk>/",
        staff_page("mappings.view")(require_safe(views.mapping_detail)),
        name="mapping_detail",
    ),
    path(
        "<int:pk>/preview/",
        staff_page("mappings.view")(require_POST(views.mapping_preview)),
        name="mapping_preview",
    ),
    path(
        "<int:pk>/propose/",
        staff_page("mappings.edit")(require_POST(views.mapping_propose)),
        name="mapping_propose",
    ),
]
