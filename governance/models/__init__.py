"""The tables of audit and change control."""

from governance.models.audit import AuditEntry
from governance.models.changes import Approval, Change, ChangeRequest
from governance.models.policy import Policy, Window

__all__ = ["Approval", "AuditEntry", "Change", "ChangeRequest", "Policy", "Window"]
