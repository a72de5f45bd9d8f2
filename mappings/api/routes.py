"""Routes that `config.api` joins."""

from mappings.api.mappings import MappingViewSet

routes = [("mappings", MappingViewSet, "mapping")]
