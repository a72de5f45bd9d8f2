"""Outgoing mail."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Tables in each partner's schema; in the public one they hold the operators' mail."""

    name = "tenants.outbox"
    label = "outbox"
    verbose_name = "Mail"

    def ready(self) -> None:
        from tenants.outbox import actions  # noqa: F401  registers the audit actions
