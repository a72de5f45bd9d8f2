"""Connections to clients' systems, what is read from them, and the keys of their secrets."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from syncjobs.scope import DIRECTIONS, Scope
from syncjobs.state import BREAKER, CONNECTION


class SecretKey(models.Model):
    """A data key of this partner, wrapped by the installation's master key."""

    version = models.PositiveIntegerField()
    wrapped = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version"], name="secretkey_version")]

    def __str__(self) -> str:
        return f"key {self.version}"


class Connection(models.Model):
    """One client's system, with its sealed credentials, limits and health.

    `secret` is what `vault.seal` returned for (schema, table, uuid, "secret"), never plaintext.
    `rate_per_second` None means no limit of ours; the bucket is shared by all workers.
    `ask_first_until`: until then nothing is made there that was not asked for first
    (engine/restored).
    `hook_key` is the last part of the address that the system sends webhooks to, None without
    one; `hook_secrets` is what `vault.seal` returned for (…, "hook"): see services/webhooks.
    """

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="connections", db_index=False
    )
    name = models.CharField(max_length=120)
    connector = models.CharField(max_length=60)
    config = models.JSONField(default=dict)
    secret = models.TextField(blank=True)
    secret_expires_at = models.DateTimeField(null=True, blank=True)
    # Which way, and which objects (empty: all); changed by `services.scope_changes` alone.
    direction = models.CharField(
        max_length=5, choices=list(DIRECTIONS.items()), default="both", db_default="both"
    )
    scopes = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    state = models.CharField(
        max_length=10, choices=CONNECTION.choices, default=CONNECTION.start, editable=False
    )
    checked_at = models.DateTimeField(null=True, editable=False)
    checks = models.JSONField(default=list, editable=False)
    last_ok_at = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    breaker = models.CharField(
        max_length=10, choices=BREAKER.choices, default=BREAKER.start, editable=False
    )
    breaker_failures = models.PositiveIntegerField(default=0, editable=False)
    breaker_until = models.DateTimeField(null=True, editable=False)
    rate_per_second = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    rate_tokens = models.DecimalField(max_digits=12, decimal_places=4, default=0, editable=False)
    rate_at = models.DateTimeField(null=True, editable=False)
    in_flight = models.PositiveSmallIntegerField(default=4)
    ask_first_until = models.DateTimeField(null=True, editable=False)
    hook_key = models.CharField(max_length=43, null=True, editable=False)  # noqa: DJ001  unique
    hook_secrets = models.TextField(blank=True, default="", db_default="", editable=False)
    hook_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["client_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="connection_client_name"),
            models.UniqueConstraint(
                fields=["hook_key"],
                condition=models.Q(hook_key__isnull=False),
                name="connection_hook_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        """What may be read from it, and what written to it."""
        return Scope(self.direction, tuple(self.scopes))


class Stream(models.Model):
    """One object that is read from a connection, and how far reading has come.

    `cursor` is the connector's own and moves only in the transaction of the page it follows.
    `compare` is how far a full comparison has come (see intake/comparing), None between them.
    `shape` is what the fields that its mapping reads have been like (see syncjobs/shape).
    `position` orders the reading of a client's streams: what others refer to comes first.
    """

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="streams", db_index=False
    )
    object = models.CharField(max_length=80)
    canonical = models.CharField(max_length=40)
    mapping = models.SlugField(max_length=80, db_index=False)
    position = models.PositiveSmallIntegerField(default=100)
    cursor = models.JSONField(null=True, editable=False)
    page_size = models.PositiveSmallIntegerField(default=200)
    every_seconds = models.PositiveIntegerField(default=300)
    enabled = models.BooleanField(default=True)
    next_poll_at = models.DateTimeField(null=True, editable=False)
    compare = models.JSONField(null=True, editable=False)
    shape = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), editable=False
    )
    next_compare_at = models.DateTimeField(null=True, editable=False)
    polled_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    last_run = models.ForeignKey(
        "syncjobs.Run",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_no = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["connection_id", "position", "object"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "object"], name="stream_object")
        ]
        indexes = [
            # The poll that is due next.
            models.Index(
                fields=["next_poll_at"], condition=models.Q(enabled=True), name="stream_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection} · {self.object}"
