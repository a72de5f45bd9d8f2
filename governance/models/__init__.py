"""The tables of audit and change control."""

from governance.models.audit import AuditEntry
from governance.models.changes import Approval, Attachment, Change, ChangeRequest
from governance.models.policy import Policy, Window
from governance.models.seals import AuditAnchor, AuditSeal
from governance.models.subjects import SubjectKey

__all__ = [
    "Approval",
    "Attachment",
    "AuditAnchor",
    "AuditEntry",
    "AuditSeal",
    "Change",
    "ChangeRequest",
    "Policy",
    "SubjectKey",
    "Window",
]
