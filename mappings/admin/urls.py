"""Pages of mappings for staff, under /mappings/."""

from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from mappings.pages import mappings, value_maps
from tenants.doors import staff_page

view, edit = staff_page("mappings.view"), staff_page("mappings.edit")

urlpatterns = [
    path("", view(require_safe(mappings.mapping_list)), name="mapping_list"),
    path("<int:pk>/", view(require_safe(mappings.mapping_detail)), name="mapping_detail"),
    path("<int:pk>/preview/", view(require_POST(mappings.mapping_preview)), name="mapping_preview"),
    path("<int:pk>/propose/", edit(require_POST(mappings.mapping_propose)), name="mapping_propose"),
    path("values/", view(require_safe(value_maps.value_map_list)), name="value_map_list"),
    path("values/add/", edit(require_POST(value_maps.value_map_add)), name="value_map_add"),
    path(
        "values/<int:pk>/", view(require_safe(value_maps.value_map_detail)), name="value_map_detail"
    ),
    path(
        "values/<int:pk>/propose/",
        edit(require_POST(value_maps.value_map_propose)),
        name="value_map_propose",
    ),
]
