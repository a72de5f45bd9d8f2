"""Reports of evidence that somebody asked for: of which time, in which form, and their files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from branding.reports import FORMS, LABELS, OPEN

if TYPE_CHECKING:
    from branding.reports import Form, State


class EvidenceReport(models.Model):
    """One report. Only `branding.services.reports` and `report_drawing` change it.

    since, until: as in `governance.evidence.Period`. state: see `branding.reports`.
    due_at: when a worker is to take it, or takes it over from one that died; None: never.
    starts: how often it was begun since the last part was done.
    source: the file with the evidence that all parts are drawn from, while it is drawn.
    parts, parts_done: how far it is; parts is 0 until the evidence was collected.
    file: its name in the partner's own folder. sha256: of the file, also in the audit trail.
    """

    since = models.DateTimeField()
    until = models.DateTimeField()
    form = models.CharField(max_length=4, choices=list(FORMS.items()))
    state: models.CharField[State, State] = models.CharField(
        max_length=8, choices=list(LABELS.items()), default="asked"
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    asked_label = models.CharField(max_length=200)
    due_at = models.DateTimeField(null=True)
    starts = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=120, blank=True)
    parts = models.PositiveIntegerField(default=0)
    parts_done = models.PositiveIntegerField(default=0)
    changes = models.PositiveIntegerField(default=0)
    file = models.CharField(max_length=120, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "report"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.form_label} {self.pk}"

    @property
    def form_label(self) -> str:
        """How people read its form."""
        return FORMS[self.form]

    @property
    def is_open(self) -> bool:
        """Whether it is still to come by itself."""
        return self.state in OPEN

    @property
    def as_form(self) -> Form:
        """Its form, as the pure parts know it."""
        return "xlsx" if self.form == "xlsx" else "pdf"

    @property
    def last_moment(self) -> datetime:
        """A moment of its last day."""
        return self.until - timedelta(seconds=1)

    @property
    def file_name(self) -> str:
        """What the file is called where it is kept by people; several papers are one archive."""
        ending = self.file.rpartition(".")[2]
        since, until = timezone.localtime(self.since), timezone.localtime(self.last_moment)
        return f"evidence-{since:%Y%m%d}-{until:%Y%m%d}.{ending}"
