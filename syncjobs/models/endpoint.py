"""Programs that hear of what happens: their addresses, and what was sent to each."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from syncjobs.state import ENDPOINT, MESSAGE
from syncjobs.telling.kinds import kind_words
from tenants.accounts.models import Client


class Endpoint(models.Model):
    """An address to which messages are posted.

    client: whose things it hears of; empty for all of the partner's. keeper: the client whose
    people keep it, empty for the partner's staff. `secrets` is sealed: the newest, and the one
    before until its time is over. `failing_since`: the first failure after the last success.
    `lease_until`: a worker is at it, or it rests after a failure.
    """

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    listens = ArrayField(models.CharField(max_length=40), default=list)
    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    keeper = models.ForeignKey(
        Client, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    secrets = models.TextField()
    state = models.CharField(max_length=10, choices=ENDPOINT.choices, default=ENDPOINT.start)
    state_reason = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_tried_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_no = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        """Say whether messages are sent there."""
        return self.state == ENDPOINT.start

    @property
    def hears(self) -> list[str]:
        """How people read what it hears of."""
        return [kind_words(kind) for kind in self.listens]

    @property
    def host(self) -> str:
        """What a list shows of the address, whose rest may hold a key."""
        return urlsplit(self.url).hostname or ""


class Message(models.Model):
    """One message to one endpoint, stored with what it tells of.

    `body` is sent as it stands; it holds ids and no content of records. `due_at`: when the next
    attempt is due, empty when there is none. `tries`: attempts of the schedule under way;
    `attempts` lists the latest, those by hand included.
    """

    number = models.UUIDField(default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    type = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=MESSAGE.choices, default=MESSAGE.start)
    tries = models.PositiveSmallIntegerField(default=0)
    attempts = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"],
                condition=models.Q(due_at__isnull=False),
                name="message_due",
            )
        ]

    def __str__(self) -> str:
        return self.webhook_id

    @property
    def words(self) -> str:
        """How people read what it tells of."""
        return kind_words(self.type)

    @property
    def webhook_id(self) -> str:
        """The same for every attempt, so that a receiver can tell a repeat."""
        return f"msg_{self.number.hex}"

    @property
    def attempt_list(self) -> list[dict[str, Any]]:
        """The attempts that are kept, the latest first: at, status, error, ms."""
        return [one | {"at": datetime.fromisoformat(one["at"])} for one in self.attempts[::-1]]
