"""Pages of mappings for staff, under /mappings/."""

from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mappings.pages import adding, custom_fields, mappings, ownership, value_map_tables, value_maps
from tenants.doors import staff_page

view, edit = staff_page("mappings.view"), staff_page("mappings.edit")

urlpatterns = [
    path("", view(require_safe(mappings.mapping_list)), name="mapping_list"),
    path(
        "add/", edit(require_http_methods(["GET", "POST"])(adding.mapping_add)), name="mapping_add"
    ),
    path("<int:pk>/", view(require_safe(mappings.mapping_detail)), name="mapping_detail"),
    path("<int:pk>/preview/", view(require_POST(mappings.mapping_preview)), name="mapping_preview"),
    path("<int:pk>/propose/", edit(require_POST(mappings.mapping_propose)), name="mapping_propose"),
    path("<int:pk>/export/", view(require_safe(mappings.mapping_export)), name="mapping_export"),
    path("<int:pk>/import/", edit(require_POST(mappings.mapping_import)), name="mapping_import"),
    path("<int:pk>/compare/", view(require_safe(mappings.mapping_compare)), name="mapping_compare"),
    path("<int:pk>/overlay/", edit(require_POST(mappings.mapping_overlay)), name="mapping_overlay"),
    path("values/", view(require_safe(value_maps.value_map_list)), name="value_map_list"),
    path("values/add/", edit(require_POST(value_maps.value_map_add)), name="value_map_add"),
    path(
        "values/<int:pk>/", view(require_safe(value_maps.value_map_detail)), name="value_map_detail"
    ),
    path(
        "values/<int:pk>/import/",
        edit(require_http_methods(["GET", "POST"])(value_map_tables.value_map_import)),
        name="value_map_import",
    ),
    path(
        "values/<int:pk>/import/template/",
        edit(require_safe(value_map_tables.value_map_template)),
        name="value_map_template",
    ),
    path(
        "values/<int:pk>/export/",
        view(require_safe(value_map_tables.value_map_export)),
        name="value_map_export",
    ),
    path(
        "values/<int:pk>/propose/",
        edit(require_POST(value_maps.value_map_propose)),
        name="value_map_propose",
    ),
    path("owners/", view(require_safe(ownership.owner_matrix)), name="owner_matrix"),
    path("owners/propose/", edit(require_POST(ownership.owner_propose)), name="owner_propose"),
    path("fields/", view(require_safe(custom_fields.custom_field_list)), name="custom_field_list"),
    path(
        "fields/add/", edit(require_POST(custom_fields.custom_field_add)), name="custom_field_add"
    ),
    path(
        "fields/<int:pk>/",
        view(require_safe(custom_fields.custom_field_detail)),
        name="custom_field_detail",
    ),
    path(
        "fields/<int:pk>/change/",
        edit(require_POST(custom_fields.custom_field_change)),
        name="custom_field_change",
    ),
    path(
        "fields/<int:pk>/retire/",
        edit(require_POST(custom_fields.custom_field_retire)),
        name="custom_field_retire",
    ),
]
