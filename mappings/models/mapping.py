"""A mapping and its versions, which never change."""

from typing import Any

from django.conf import settings
from django.db import models

from mappings.documents import document_hash


class Mapping(models.Model):
    """From a source object to a canonical one, or from canonical to a target object.

    `client` None: the partner's own, used by every client that has none of its own.
    `template`: the partner's mapping that this client's one lays over, None for a whole one.
    """

    class Direction(models.TextChoices):
        INBOUND = "inbound", "From the system"
        OUTBOUND = "outbound", "To the system"
        DERIVE = "derive", "Between canonical objects"

    slug = models.SlugField(max_length=80, db_index=False)
    name = models.CharField(max_length=120)
    direction = models.CharField(max_length=8, choices=Direction)
    connector = models.CharField(max_length=60, blank=True)
    object = models.CharField(max_length=80, blank=True)
    canonical = models.CharField(max_length=40)
    makes = models.CharField(max_length=40, blank=True)
    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mappings",
        db_index=False,
    )
    template = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="overlays",
        db_index=False,
    )
    live = models.ForeignKey(
        "mappings.MappingVersion",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["slug", "client"], nulls_distinct=False, name="mapping_slug"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def object_type(self) -> str:
        """The canonical object that it makes, "" when it makes a system's object."""
        if self.direction == self.Direction.INBOUND:
            return self.canonical
        return self.makes if self.direction == self.Direction.DERIVE else ""

    @property
    def source_type(self) -> str:
        """The canonical object that it reads, "" when it reads a system's object."""
        return "" if self.direction == self.Direction.INBOUND else self.canonical


class MappingVersion(models.Model):
    """The rules at one point. Written once: only its `state` (see `mappings.state`), its
    `live_at` and its `change_request` move, and the database holds that.

    `overlay`: what the client changes of the partner's version `base`; `document` is the whole
    that comes of both, and that runs.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Proposed"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    mapping = models.ForeignKey(
        Mapping, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    document = models.JSONField()
    overlay = models.JSONField(null=True)
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    hash = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    author_label = models.CharField(max_length=200, blank=True)
    change_request = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    live_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["mapping_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["mapping", "number"], name="mappingversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.mapping} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert, with the hash of the document. Raises TypeError for a row that exists."""
        if not self._state.adding:
            raise TypeError("A mapping version is written once; make a new one.")
        self.hash = document_hash(self.document)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: a version is what was signed and what ran."""
        raise TypeError("A mapping version stays.")
