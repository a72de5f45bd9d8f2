"""People, clients and programs of one partner."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Tables in each partner's schema; in the public one they hold the operators."""

    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "Access"

    def ready(self) -> None:
        from tenants.accounts import actions  # noqa: F401  registers the audit actions
