"""What came in and is kept as it came."""

from django.db import models

from syncjobs.models.connection import Connection, Stream
from syncjobs.state import INBOUND


class InboundEvent(models.Model):
    """A webhook before it is processed, a read record that its mapping refused, or one that went
    through and that a check warns of (`intake/warned.py`).

    `dedupe_key` is "hook:<the sender's message id>:<place>" for a record that a webhook
    brought, "object:external id" for one that was refused, "warned:<hash>" for one that is
    warned of. `attempts` counts starts of working a webhook's record off: the third that never
    ended is the last.
    `received_at`: when it last came, for one that was refused.
    `mapping_version` is the one that refused it: a newer one tries again.
    """

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="inbound", db_index=False
    )
    stream = models.ForeignKey(
        Stream, on_delete=models.PROTECT, null=True, related_name="inbound", db_index=False
    )
    dedupe_key = models.CharField(max_length=200)
    external_id = models.CharField(max_length=200, blank=True)
    source_version = models.CharField(max_length=120, blank=True)
    source_at = models.DateTimeField(null=True)
    payload = models.JSONField()
    deleted = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=10, choices=INBOUND.choices, default=INBOUND.start)
    problems = models.JSONField(default=list)
    mapping_version = models.BigIntegerField(null=True)
    issue = models.ForeignKey(
        "syncjobs.Issue",
        on_delete=models.SET_NULL,
        null=True,
        related_name="inbound",
        db_index=False,
    )
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "dedupe_key"], name="inbound_dedupe")
        ]
        indexes = [
            # What waits to be processed, and what a newer mapping version may take.
            models.Index(
                fields=["stream", "id"],
                condition=models.Q(state__in=sorted(INBOUND.open)),
                name="inbound_open",
            )
        ]

    def __str__(self) -> str:
        return self.dedupe_key
