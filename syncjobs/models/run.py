"""Runs: one reading of a source, or one workflow's work from one cause."""

from django.db import models

from syncjobs.models.connection import Stream
from syncjobs.models.workflow import Workflow, WorkflowVersion
from syncjobs.state import RUN


class Run(models.Model):
    """Counters of an intake run (`stream` set) or of a workflow's deliveries (`workflow` set).

    read, changed, same, refused: records of the source: all, that changed something, that were
    known already, that no mapping took. planned and the rest: deliveries by where they are now;
    `blocked` counts held and waiting ones, `failed` those that need a person. `detail`: what else
    a kind of run has to tell, such as "warned" and "warnings" (`intake/warned.py`).
    """

    class Kind(models.TextChoices):
        INTAKE = "intake", "Reading"
        WORKFLOW = "workflow", "Workflow"
        DRY_RUN = "dry_run", "Dry run"
        REPLAY = "replay", "Replay"
        BACKFILL = "backfill", "Backfill"

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        CHANGE = "change", "Change in a source"
        PERSON = "person", "By hand"
        API = "api", "API"
        RELEASE = "release", "Release"
        WEBHOOK = "webhook", "Webhook"
        FILE = "file", "File"

    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="runs", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    trigger = models.CharField(max_length=10, choices=Trigger)
    stream = models.ForeignKey(
        Stream, on_delete=models.PROTECT, null=True, related_name="runs", db_index=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, null=True, related_name="runs", db_index=False
    )
    workflow_version = models.ForeignKey(
        WorkflowVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=RUN.choices, default=RUN.start, editable=False)
    message = models.TextField(blank=True)
    error_class = models.CharField(max_length=20, blank=True)
    read = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    blocked = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0, help_text="Cancelled or skipped.")
    detail = models.JSONField(default=dict)
    cursor_before = models.JSONField(null=True)
    cursor_after = models.JSONField(null=True)
    actor = models.CharField(max_length=200, blank=True)
    correlation = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # A client's latest runs; a workflow's; a stream's; the ones still going.
            models.Index(fields=["client", "-id"], name="run_client"),
            models.Index(
                fields=["workflow", "-id"],
                condition=models.Q(workflow__isnull=False),
                name="run_workflow",
            ),
            models.Index(
                fields=["stream", "-id"],
                condition=models.Q(stream__isnull=False),
                name="run_stream",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def beginning(self) -> str:
        """Return how it began: "By hand", and of what is no usual work also "Replay, by hand"."""
        began = self.get_trigger_display()
        if self.kind in (self.Kind.INTAKE, self.Kind.WORKFLOW):
            return began
        kind = self.get_kind_display()
        return f"{kind}, by the API" if self.trigger == self.Trigger.API else f"{kind}, by hand"

    @property
    def warned(self) -> int:
        """Return how many records of the source a check warned of and let in."""
        return int(self.detail.get("warned", 0))
