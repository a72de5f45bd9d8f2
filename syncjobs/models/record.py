"""Canonical records, their versions, where else they exist, and what happened to them."""

from collections.abc import Collection
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from mappings.canonical.upgrades import newest, upgraded
from syncjobs.models.connection import Connection
from syncjobs.models.words import PRINTED, printed_vector, word_vector


class CanonicalRecord(models.Model):
    """The one shape of a customer, project, time entry, … that all systems' records map to.

    `data` holds decimals and dates as text. `hash` is the fingerprint of `data`.
    `schema_version`: of the canonical object when it was written; it reads as the newest.
    `version` 0 marks a place kept for a record that others refer to and nobody has sent yet.
    `engagement` is the common engagement identifier, where the record belongs to one.
    `made`: "mapping slug/workflow id" → keys of the records last derived of this one's list so.
    """

    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        related_name="records",
        db_index=False,
        db_constraint=False,
    )
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    label = models.CharField(max_length=200, blank=True)
    engagement = models.CharField(max_length=120, blank=True)
    data = models.JSONField(default=dict)
    schema_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    hash = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=0)
    source_at = models.DateTimeField(null=True)
    source_connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    deleted = models.BooleanField(default=False)
    made = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["type", "key"]
        # The key before the type: with the client alone it leads to a record, so that no other
        # index ever looks as good to a planner whose statistics are old (`canonical_store`).
        constraints = [models.UniqueConstraint(fields=["client", "key", "type"], name="record_key")]
        indexes = [
            # One engagement's page.
            models.Index(
                fields=["client", "engagement"],
                condition=~models.Q(engagement=""),
                name="record_engagement",
            ),
            # A client's records of one type, newest first. The type first: with the client alone it
            # leads nowhere, and a planner without statistics took it for the way to a key.
            models.Index(fields=["type", "client", "-changed_at"], name="record_recent"),
            # The search over everything, by the beginnings of words.
            GinIndex(word_vector(), name="record_words"),
            # An invoice by the number that is printed on it.
            GinIndex(printed_vector(), name="record_printed", condition=PRINTED),
        ]

    def __str__(self) -> str:
        return self.label or self.key

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        """Read a row, its data as the newest schema version has it."""
        row = super().from_db(db, field_names, values)
        if {"type", "data", "schema_version"} <= row.__dict__.keys():
            row.data = upgraded(row.type, row.data, row.schema_version)
            row.schema_version = newest(row.type)
        return row


class RecordVersion(models.Model):
    """What a record looked like, what came in to make it so, and through which mapping.

    `source` is the payload as the source sent it. `changed` names the fields that differ from
    the version before. A version without a connection was derived from another record, or, without
    a mapping as well, made by hand.
    """

    record = models.ForeignKey(
        CanonicalRecord,
        on_delete=models.CASCADE,
        related_name="versions",
        db_index=False,
        db_constraint=False,
    )
    number = models.PositiveIntegerField()
    data = models.JSONField()
    hash = models.CharField(max_length=64)
    changed = models.JSONField(default=list)
    source = models.JSONField(null=True)
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    mapping_version = models.BigIntegerField(null=True)
    run = models.ForeignKey(
        "syncjobs.Run",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    correlation = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["record_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["record", "number"], name="recordversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.record_id} v{self.number}"

    @property
    def is_by_hand(self) -> bool:
        """Say whether a person made it: no system sent it and no mapping derived it."""
        return self.connection_id is None and self.mapping_version is None


class ExternalRef(models.Model):
    """Where a record exists in a system.

    `seen_hash`: of the canonical fields that this system last showed us; equal ones are dropped.
    `seen_version`, `seen_at`: the source's version and time of those; older never overwrites newer.
    `written`: mapping slug → {"hash": of what we last wrote, "version": of the record}.
    `compare_no`: the last full comparison that saw it.
    `part`: the record's key where the system's record became several, each with a row here.
    `version`: the target's version or ETag after our last write; read back it is our own echo.
    """

    record = models.ForeignKey(
        CanonicalRecord,
        on_delete=models.CASCADE,
        related_name="refs",
        db_index=False,
        db_constraint=False,
    )
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="refs",
        db_index=False,
        db_constraint=False,
    )
    object = models.CharField(max_length=80)
    external_id = models.CharField(max_length=200)
    part = models.CharField(max_length=200, blank=True, default="", db_default="")
    version = models.CharField(max_length=120, blank=True)
    seen_hash = models.CharField(max_length=64, blank=True)
    seen_version = models.CharField(max_length=120, blank=True)
    seen_at = models.DateTimeField(null=True)
    written = models.JSONField(default=dict)
    written_at = models.DateTimeField(null=True)
    compare_no = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "object", "external_id", "part"],
                name="externalref_external",
            ),
            models.UniqueConstraint(
                fields=["record", "connection", "object"], name="externalref_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object} {self.external_id}"


class Event(models.Model):
    """A business event such as time.approved, committed with the change that raised it."""

    type = models.CharField(max_length=60)
    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
        db_constraint=False,
    )
    record = models.ForeignKey(
        CanonicalRecord,
        on_delete=models.CASCADE,
        related_name="events",
        db_index=False,
        db_constraint=False,
    )
    record_version = models.PositiveIntegerField()
    correlation = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # A record's timeline. A client's latest are found from the end, by id.
            models.Index(fields=["record", "id"], name="event_record"),
        ]

    def __str__(self) -> str:
        return self.type
