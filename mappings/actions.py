"""Audit actions of mappings."""

from governance.actions import register_action
from governance.objects import register_objects

MAPPING_ADDED = register_action("mapping.added", "Added a mapping")
MAPPING_DRAFTED = register_action("mapping.drafted", "Drafted a mapping version")
MAPPING_PROPOSED = register_action("mapping.proposed", "Proposed a mapping version")
MAPPING_PUBLISHED = register_action("mapping.published", "Published a mapping version")
VALUE_MAP_ADDED = register_action("value_map.added", "Added a value map")
VALUE_MAP_PUBLISHED = register_action("value_map.published", "Published a value map")
CUSTOM_FIELD_ADDED = register_action("custom_field.added", "Added a custom field")
CUSTOM_FIELD_CHANGED = register_action("custom_field.changed", "Changed a custom field")
CUSTOM_FIELD_RETIRED = register_action("custom_field.retired", "Retired a custom field")
OWNERS_CHANGED = register_action("owners.changed", "Changed who owns fields")
register_objects(
    {
        "custom_field": "Custom field",
        "mapping": "Mapping",
        "value_map": "Value map",
    }
)
