"""Partners, their hosts, and the base that they stand on."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The public schema's own tables."""

    name = "tenants"
    verbose_name = "Partners"
