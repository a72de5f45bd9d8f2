"""Audit trail and change control."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """The lowest layer: it imports no other app."""

    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        """Govern what governs: approval policies, and release and freeze windows. Open what is
        personal in the trail with the keys of this schema."""
        from governance.appliers import register_applier
        from governance.evidence import register_verification
        from governance.object_storage import OBJECT_STORAGE
        from governance.objects import register_objects
        from governance.personal import read_keys_by
        from governance.services.checks import verification
        from governance.services.policy_changes import APPROVAL_POLICY
        from governance.services.window_changes import CHANGE_WINDOW
        from governance.sinks import register_sink
        from governance.subject_keys import key_for_reading
        from governance.timestamps import TIMESTAMP

        register_applier(APPROVAL_POLICY)
        register_applier(CHANGE_WINDOW)
        register_sink(OBJECT_STORAGE)
        register_sink(TIMESTAMP)
        register_objects(
            {
                "audit_trail": "Audit trail",
                "change_request": "Change request",
                "evidence": "Evidence",
                "policy": "Approval rule",
                "subject": "Person, erased",
            }
        )
        read_keys_by(key_for_reading)
        register_verification(verification)
