"""Change requests: what is to change, who signed exactly that, and what became of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from governance.append_only import AppendOnlyManager, AppendOnlyModel
from governance.state import LABELS, OPEN


class ChangeRequest(models.Model):
    """A set of changes that goes in whole or not at all, for one client or the partner.

    status: see `governance.state`; only `governance.services` sets it.
    revision: counts edits and moved bases; part of `content_hash`.
    risk: {"touches_money": bool, "notes": [text]}, judged at the present revision.
    editors: [{"key", "label"}] of everybody who wrote content; none of them may sign.
    solo: its author let it in alone, under a policy "solo" and with nobody else to sign.
    emergency: it went live before its signatures; they are due by `review_due_at`. Not given
        by then, it is taken back, or `escalated_at` says since when it waits in red.
    """

    title = models.CharField(max_length=200)
    reason = models.TextField()
    ticket = models.CharField(max_length=100, blank=True)
    client_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=12, choices=list(LABELS.items()), default="draft")
    revision = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64, blank=True)
    risk = models.JSONField(default=dict)
    # Legal entities of the client that it concerns, as its author says and its signers sign;
    # empty for all of them.
    entities = models.JSONField(default=list, db_default=[])
    solo = models.BooleanField(default=False)
    emergency = models.BooleanField(default=False)
    emergency_reason = models.TextField(blank=True, default="")
    review_due_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    author_label = models.CharField(max_length=200)
    editors = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    scheduled_for = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    closed_by_label = models.CharField(max_length=200, blank=True)
    closed_comment = models.TextField(blank=True)
    # What the people concerned must know now: signatures void, or why it is not live yet.
    notice = models.TextField(blank=True)
    rolls_back = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="rollbacks", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            # What is open, and emergencies that wait for their review: every menu and every
            # worker asks for both.
            models.Index(
                fields=["-id"],
                name="change_waiting",
                condition=models.Q(status__in=sorted(OPEN))
                | models.Q(emergency=True, status="applied", reviewed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether something can still become of it."""
        return self.status in OPEN

    @property
    def touches_money(self) -> bool:
        """Whether any of its changes can alter an amount."""
        return bool(self.risk.get("touches_money"))

    @property
    def weakens(self) -> bool:
        """Whether any of its changes takes something away from a control."""
        return bool(self.risk.get("weakens"))

    @property
    def is_heavy(self) -> bool:
        """Whether the policies for the greater risk hold."""
        return self.touches_money or self.weakens

    @property
    def awaits_review(self) -> bool:
        """Whether it went in as an emergency and still lacks its signatures."""
        return self.emergency and self.status == "applied" and self.reviewed_at is None


class Change(models.Model):
    """One governed object's change inside a request.

    base_version: the target's live version that it was written against.
    diff: [[sign, text]] against that version, as its reviewers read it.
    before, after: what was and what became, filled in when it is applied.
    impact: what it would do to real records (see `governance.impact`), None until it was tried.
    impact_digest: of the impact that is part of what is signed, "" while none is.
    impact_due_at: when a worker is to try it, or takes it over from one that died; None: never.
    made_version: the live version that applying it led to.
    """

    request = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="changes")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=60)
    target_id = models.CharField(max_length=80)
    target_label = models.CharField(max_length=200)
    client_id = models.BigIntegerField(null=True)
    content = models.JSONField()
    base_version = models.CharField(max_length=80, blank=True)
    diff = models.JSONField(default=list)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    impact = models.JSONField(null=True)
    impact_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    impact_due_at = models.DateTimeField(null=True)
    impact_progress = models.JSONField(default=dict, db_default={})
    made_version = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["kind", "target_id"], name="change_target")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_label}"


class Approval(AppendOnlyModel):
    """One person's signature under one exact content. Never altered: it counts while the
    request's hash is the one that it names.

    person_key: the person's address in one spelling, so that two accounts sign once.
    client_id: set when a client's own user signed.
    """

    request = models.ForeignKey(
        ChangeRequest, on_delete=models.PROTECT, related_name="approvals", db_index=False
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    approver_label = models.CharField(max_length=200)
    person_key = models.CharField(max_length=254)
    client_id = models.BigIntegerField(null=True)
    content_hash = models.CharField(max_length=64)
    comment = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AppendOnlyManager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "content_hash", "person_key"], name="approval_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.approver_label} signed {self.content_hash[:8]}"


class Attachment(models.Model):
    """A file that belongs to a request. number: from 1, within the request. sha256: of `content`,
    also in the audit trail: a file that was altered later shows."""

    pk = models.CompositePrimaryKey("request_id", "number")
    request = models.ForeignKey(
        ChangeRequest, on_delete=models.PROTECT, related_name="attachments", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return self.name
