"""Partners, their hosts, and the base that they stand on."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The public schema's own tables."""

    name = "tenants"
    verbose_name = "Partners"

    def ready(self) -> None:
        from tenants import actions, checks  # noqa: F401  registers audit actions and checks
