"""Mappings, their versions, value maps and ownership rules."""

from mappings.models.mapping import Mapping, MappingVersion
from mappings.models.ownership import OwnershipRule
from mappings.models.value_map import ValueMap, ValueMapVersion

__all__ = ["Mapping", "MappingVersion", "OwnershipRule", "ValueMap", "ValueMapVersion"]
