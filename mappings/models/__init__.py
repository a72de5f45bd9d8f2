"""Mappings, their versions, value maps, ownership rules and custom fields."""

from mappings.models.custom_field import CustomField
from mappings.models.mapping import Mapping, MappingVersion
from mappings.models.ownership import OwnershipRule
from mappings.models.value_map import ValueMap, ValueMapVersion

__all__ = [
    "CustomField",
    "Mapping",
    "MappingVersion",
    "OwnershipRule",
    "ValueMap",
    "ValueMapVersion",
]
