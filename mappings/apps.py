"""Mappings."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """Tables in each partner's schema only."""

    name = "mappings"
    verbose_name = "Mappings"

    def ready(self) -> None:
        from governance.appliers import register_applier
        from governance.impact import register_assessor
        from mappings import actions  # noqa: F401  registers the audit actions
        from mappings.change_control import MAPPING_VERSION, OWNERSHIP, VALUE_MAP_VERSION
        from mappings.services.impact import TABLE_IMPACT, VERSION_IMPACT

        register_applier(MAPPING_VERSION)
        register_applier(VALUE_MAP_VERSION)
        register_applier(OWNERSHIP)
        register_assessor(VERSION_IMPACT)
        register_assessor(TABLE_IMPACT)
