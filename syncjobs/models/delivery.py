"""Deliveries: what is to be written where, every attempt at it, and what holds it back."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from syncjobs.models.connection import Connection
from syncjobs.models.record import CanonicalRecord, Event
from syncjobs.models.run import Run
from syncjobs.models.workflow import Workflow, WorkflowVersion
from syncjobs.state import BLOCKED, CLAIMABLE, DELIVERY


class Delivery(models.Model):
    """One record × one step × one target.

    `record` is what is written; `origin` is the record whose event planned it.
    `record_version`: the newest version that is wanted; it grows while the row is open.
    `variables`: the planner's inputs to the mapping, such as the billing period.
    `after`: deliveries that must be closed first. `watch`: what its release hangs on, such as
    "contract:C-1", "ref:7:customer:A-9", "delivery:12".
    `unfinished_starts` grows with each claim and is zeroed by each recorded outcome: the third
    worker that dies of a row is the last. `verify`: look the target up before writing.
    """

    workflow = models.ForeignKey(
        Workflow,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    workflow_version = models.ForeignKey(
        WorkflowVersion,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        null=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    step = models.CharField(max_length=60)
    record = models.ForeignKey(
        CanonicalRecord,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    origin = models.ForeignKey(
        CanonicalRecord,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    record_version = models.PositiveIntegerField()
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    object = models.CharField(max_length=80)
    mapping = models.CharField(max_length=80)
    mapping_version = models.BigIntegerField(null=True)
    variables = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=DELIVERY.choices, default=DELIVERY.start, editable=False
    )
    outcome = models.CharField(max_length=200, blank=True)
    priority = models.PositiveSmallIntegerField(default=20)
    attempts = models.PositiveIntegerField(default=0)
    unfinished_starts = models.PositiveSmallIntegerField(default=0)
    verify = models.BooleanField(default=False)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_no = models.BigIntegerField(default=0)
    after = ArrayField(models.BigIntegerField(), default=list)
    watch = ArrayField(models.TextField(), default=list)
    released_gates = ArrayField(models.CharField(max_length=60), default=list)
    idempotency_key = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64, blank=True)
    error_class = models.CharField(max_length=20, blank=True)
    error_text = models.TextField(blank=True)
    issue = models.ForeignKey(
        "syncjobs.Issue",
        on_delete=models.SET_NULL,
        null=True,
        related_name="deliveries",
        db_index=False,
    )
    correlation = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["record", "workflow", "step", "connection"],
                condition=Q(state__in=sorted(DELIVERY.open)),
                name="delivery_one_open",
            ),
            # Order per record holds even if two workers claim at the same instant.
            models.UniqueConstraint(
                fields=["record", "connection"],
                condition=Q(state=DELIVERY.target("claim")),
                name="delivery_one_running",
            ),
        ]
        indexes = [
            # What is due next. (Which leases have run out: the few running rows.)
            models.Index(
                fields=["priority", "not_before", "id"],
                condition=Q(state__in=sorted(CLAIMABLE)),
                name="delivery_due",
            ),
            # Who waits for what has just arrived.
            GinIndex(
                fields=["watch"], condition=Q(state__in=sorted(BLOCKED)), name="delivery_watch"
            ),
            # A run's table and counters; a record's lineage; the queue of what is not done;
            # a client's month.
            models.Index(fields=["run", "state"], name="delivery_run"),
            models.Index(fields=["record", "-id"], name="delivery_record"),
            models.Index(
                fields=["state", "client"],
                condition=Q(state__in=sorted(DELIVERY.open)),
                name="delivery_open",
            ),
            models.Index(
                fields=["client", "-finished_at"],
                condition=Q(finished_at__isnull=False),
                name="delivery_finished",
            ),
            models.Index(fields=["issue"], condition=Q(issue__isnull=False), name="delivery_issue"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.pk}"


class Attempt(models.Model):
    """One start of a delivery that was recorded, with what was sent and answered, redacted.

    `outcome` is a delivery state. `looked_up`: the target was asked before writing.
    """

    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.CASCADE,
        related_name="tries",
        db_index=False,
        db_constraint=False,
    )
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10)
    error_class = models.CharField(max_length=20, blank=True)
    error_text = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    looked_up = models.BooleanField(default=False)
    wrote = models.BooleanField(default=False)
    record_version = models.PositiveIntegerField()
    mapping_version = models.BigIntegerField(null=True)
    content_hash = models.CharField(max_length=64, blank=True)
    request = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    worker = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["delivery_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_number")
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} attempt {self.number}"


class Hold(models.Model):
    """A gate that said no, what it misses, and how it ended.

    `missing` names the thing in words that a client understands. `alert`: the role that is told.
    """

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="holds", db_index=False
    )
    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    gate = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    missing = models.CharField(max_length=300)
    message = models.TextField()
    alert = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "gate"],
                condition=Q(released_at__isnull=True),
                name="hold_one_open",
            )
        ]
        indexes = [
            # A client's open holds.
            models.Index(
                fields=["client", "id"], condition=Q(released_at__isnull=True), name="hold_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.missing}"
