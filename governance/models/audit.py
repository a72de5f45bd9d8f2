"""The audit trail."""

from django.db import models
from django.db.models.functions import Now

from governance.append_only import AppendOnlyManager, AppendOnlyModel
from governance.models.fields import PersonalJSONField, PersonalTextField, current_transaction


class AuditEntry(AppendOnlyModel):
    """One thing that happened. Only `governance.services.audit` writes it.

    No foreign keys: an entry outlives the people and objects that it tells of. The time is
    the database's, so that no process with a wrong clock can backdate one; the runtime role
    may not name `own_columns`.

    xid: the transaction that wrote it, for the sealer alone: it tells late commits from what
    was there before.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_label = PersonalTextField()
    door = models.CharField(max_length=12)
    address = PersonalTextField(blank=True)
    action = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    object_label = PersonalTextField(blank=True)
    client_id = models.BigIntegerField(null=True)
    before = PersonalJSONField(null=True)
    after = PersonalJSONField(null=True)
    reason = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=64)
    xid = models.BigIntegerField(db_default=current_transaction(), editable=False)

    objects = AppendOnlyManager()
    own_columns = ("id", "at", "xid")

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-id"]
        # One for each filter of the explorer, in the order of its pages; the last the sealer's.
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["action", "at"], name="audit_action"),
            models.Index(fields=["actor_kind", "actor_id", "at"], name="audit_actor"),
            models.Index(fields=["object_kind", "object_id", "at"], name="audit_object"),
            models.Index(fields=["xid"], name="audit_xid"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind} {self.object_id}"
