"""Partners, their hosts, and the base that they stand on."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The public schema's own tables."""

    name = "tenants"
    verbose_name = "Partners"

    def ready(self) -> None:
        from governance.sinks import tell_standings_by
        from tenants import actions, checks  # noqa: F401  registers audit actions and checks
        from tenants.health import register_part
        from tenants.services.outside import place_standings, told_outside

        tell_standings_by(place_standings)
        register_part(told_outside)
