"""Blueprints, and the workflows that were installed from them."""

from django.db import models

from syncjobs.state import WORKFLOW


class Blueprint(models.Model):
    """A reusable workflow template; `definition` has the shape of docs/engine.md."""

    slug = models.SlugField(max_length=60, db_index=False)
    name = models.CharField(max_length=120)
    summary = models.TextField(blank=True)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="blueprint_slug")]

    def __str__(self) -> str:
        return self.name


class Workflow(models.Model):
    """A blueprint installed for one client.

    `bindings`: role of the definition (crm, psa, erp) → connection id.
    `overrides`: extension point → value that replaces the blueprint's.
    `priority`: 10 billing-critical, 20 normal, 30 bulk; lower goes first.
    `backfill`: how far one has come (see engine/backfill), None between them.
    """

    class Mode(models.TextChoices):
        REAL_TIME = "real_time", "Real time"
        SCHEDULED = "scheduled", "Scheduled"
        BATCH = "batch", "Batch"

    class Priority(models.IntegerChoices):
        BILLING = 10, "Billing first"
        NORMAL = 20, "Normal"
        BULK = 30, "In the background"

    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="workflows", db_index=False
    )
    blueprint = models.ForeignKey(
        Blueprint, on_delete=models.PROTECT, related_name="workflows", db_index=False
    )
    name = models.CharField(max_length=120)
    bindings = models.JSONField(default=dict)
    overrides = models.JSONField(default=dict)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.REAL_TIME)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    schedule = models.CharField(max_length=60, blank=True)
    sla_seconds = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=WORKFLOW.choices, default=WORKFLOW.start, editable=False
    )
    version = models.ForeignKey(
        "syncjobs.WorkflowVersion",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    next_run_at = models.DateTimeField(null=True, editable=False)
    backfill = models.JSONField(null=True, editable=False)
    next_backfill_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["client_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="workflow_client_name")
        ]

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """A workflow's definition with its overrides applied; written once."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    hash = models.CharField(max_length=64)
    created_by = models.CharField(max_length=200, blank=True)
    change_request = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="workflowversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"
