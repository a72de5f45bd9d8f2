"""Of mappings: rules, value maps, owners, custom fields."""

from tests.isolation.rule import ACT, FORM, Rule, rules

ADMIN: dict[str, Rule] = {
    "mapping_list": Rule("mappings.view"),
    "mapping_add": Rule("mappings.edit", FORM),
    "mapping_detail": Rule("mappings.view", owned=True),
    "mapping_preview": Rule("mappings.view", ACT, owned=True),
    "mapping_propose": Rule("mappings.edit", ACT, owned=True),
    "mapping_overlay": Rule("mappings.edit", ACT, owned=True),
    "mapping_export": Rule("mappings.view", owned=True),
    "mapping_compare": Rule("mappings.view", owned=True),
    "mapping_import": Rule("mappings.edit", ACT, owned=True),
    "value_map_list": Rule("mappings.view"),
    "value_map_detail": Rule("mappings.view", owned=True),
    "value_map_add": Rule("mappings.edit", ACT),
    "value_map_propose": Rule("mappings.edit", ACT, owned=True),
    "value_map_import": Rule("mappings.edit", FORM, owned=True),
    "value_map_template": Rule("mappings.edit", owned=True),
    "value_map_export": Rule("mappings.view", owned=True),
    "owner_matrix": Rule("mappings.view"),
    "owner_propose": Rule("mappings.edit", ACT),
    **rules("custom_field_list custom_field_detail", Rule("mappings.view")),
    **rules("custom_field_add custom_field_change custom_field_retire", Rule("mappings.edit", ACT)),
}
PORTAL: dict[str, Rule] = {
    "mapping_list": Rule("mappings.view"),
    "mapping_detail": Rule("mappings.view", owned=True),
}
API: dict[str, dict[str, str]] = {
    "mapping-list": {"GET": "mappings.view"},
    "mapping-detail": {"GET": "mappings.view"},
    "mapping-preview": {"POST": "mappings.view"},
    "mapping-versions": {"GET": "mappings.view"},
    "mapping-compare": {"GET": "mappings.view"},
    "mapping-export": {"GET": "mappings.view"},
    "mapping-draft": {"POST": "mappings.edit"},
    "mapping-overlay": {"POST": "mappings.edit"},
    "custom-field-list": {"GET": "mappings.view", "POST": "mappings.edit"},
    "custom-field-detail": {"PATCH": "mappings.edit"},
    "custom-field-retire": {"POST": "mappings.edit"},
}
COMMANDS: dict[str, str] = {
    "mapping_preview": "reads only",
}
