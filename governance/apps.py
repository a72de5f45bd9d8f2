"""Audit trail and change control."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The lowest layer: it imports no other app."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from governance.personal import read_keys_by
        from governance.subject_keys import key_for_reading

        read_keys_by(key_for_reading)
