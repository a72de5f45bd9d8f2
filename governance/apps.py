"""Audit trail and change control."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The lowest layer: it imports no other app."""

    name = "governance"
    verbose_name = "Governance"
