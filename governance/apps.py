"""Audit trail and change control."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The lowest layer: it imports no other app."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        """Govern what governs: approval policies, and release and freeze windows."""
        from governance.appliers import register_applier
        from governance.services.policy_changes import APPROVAL_POLICY
        from governance.services.window_changes import CHANGE_WINDOW

        register_applier(APPROVAL_POLICY)
        register_applier(CHANGE_WINDOW)
