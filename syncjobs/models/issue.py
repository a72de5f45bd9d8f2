"""Issues, which people see as exceptions: one per cause, however often it happens."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from syncjobs.models.connection import Connection
from syncjobs.models.workflow import Workflow
from syncjobs.state import ISSUE


class Issue(models.Model):
    """A cause that needs somebody.

    `fingerprint` is made of what makes two occurrences the same cause. `kind` is a key of
    `services.catalogue`, which holds the explanation and the next step; `detail` fills them in.
    `level`: how many steps of the escalation path it has gone; `escalated_to`: the last one's role.
    """

    class Class(models.TextChoices):
        TECHNICAL = "technical", "Technical"
        BUSINESS = "business", "Business"

    class Severity(models.IntegerChoices):
        HIGH = 1, "High"
        MEDIUM = 2, "Medium"
        LOW = 3, "Low"

    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="issues", db_index=False
    )
    fingerprint = models.CharField(max_length=64)
    class_name = models.CharField("class", max_length=10, choices=Class)
    kind = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)
    title = models.CharField(max_length=240)
    detail = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=ISSUE.choices, default=ISSUE.start, editable=False
    )
    count = models.PositiveIntegerField(default=1)
    reopened = models.PositiveIntegerField(default=0)
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, related_name="issues", db_index=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, null=True, related_name="issues", db_index=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField(default=0, db_default=0)
    escalated_to = models.CharField(max_length=40, blank=True, default="", db_default="")
    escalated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        ordering = ["severity", "-last_at"]
        verbose_name = "exception"
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(state__in=sorted(ISSUE.open)),
                name="issue_one_open",
            )
        ]
        indexes = [
            # The queue; and the last one of the same cause, to reopen it.
            models.Index(fields=["client", "state", "-last_at"], name="issue_queue"),
            models.Index(fields=["fingerprint", "-id"], name="issue_cause"),
        ]

    def __str__(self) -> str:
        return self.title


class IssueEntry(models.Model):
    """A line of an exception's history: the last occurrences, every comment and decision."""

    class Kind(models.TextChoices):
        OCCURRENCE = "occurrence", "Happened"
        COMMENT = "comment", "Comment"
        DECISION = "decision", "Decision"

    issue = models.ForeignKey(
        Issue, on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    actor = models.CharField(max_length=200, blank=True)
    delivery = models.ForeignKey(
        "syncjobs.Delivery",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    inbound = models.ForeignKey(
        "syncjobs.InboundEvent",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["issue", "kind", "-id"], name="issueentry_issue")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
