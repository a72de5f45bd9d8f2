"""Pages of mappings for staff, under /mappings/."""

from mappings.pages import adding, custom_fields, mappings, ownership, value_map_tables, value_maps
from tenants.doors import StaffPages

view, edit = StaffPages("mappings.view"), StaffPages("mappings.edit")

urlpatterns = [
    view.show("", mappings.mapping_list),
    edit.form("add/", adding.mapping_add),
    view.show("<int:pk>/", mappings.mapping_detail),
    view.act("<int:pk>/preview/", mappings.mapping_preview),
    edit.act("<int:pk>/propose/", mappings.mapping_propose),
    view.show("<int:pk>/export/", mappings.mapping_export),
    edit.act("<int:pk>/import/", mappings.mapping_import),
    view.show("<int:pk>/compare/", mappings.mapping_compare),
    edit.act("<int:pk>/overlay/", mappings.mapping_overlay),
    view.show("values/", value_maps.value_map_list),
    edit.act("values/add/", value_maps.value_map_add),
    view.show("values/<int:pk>/", value_maps.value_map_detail),
    edit.form("values/<int:pk>/import/", value_map_tables.value_map_import),
    edit.show("values/<int:pk>/import/template/", value_map_tables.value_map_template),
    view.show("values/<int:pk>/export/", value_map_tables.value_map_export),
    edit.act("values/<int:pk>/propose/", value_maps.value_map_propose),
    view.show("owners/", ownership.owner_matrix),
    edit.act("owners/propose/", ownership.owner_propose),
    view.show("fields/", custom_fields.custom_field_list),
    edit.act("fields/add/", custom_fields.custom_field_add),
    view.show("fields/<int:pk>/", custom_fields.custom_field_detail),
    edit.act("fields/<int:pk>/change/", custom_fields.custom_field_change),
    edit.act("fields/<int:pk>/retire/", custom_fields.custom_field_retire),
]
