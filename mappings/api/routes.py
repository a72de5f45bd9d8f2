"""Routes that `config.api` joins."""

from mappings.api.custom_fields import CustomFieldViewSet
from mappings.api.mappings import MappingViewSet

routes = [
    ("mappings", MappingViewSet, "mapping"),
    ("custom-fields", CustomFieldViewSet, "custom-field"),
]
