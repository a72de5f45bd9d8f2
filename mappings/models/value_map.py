"""Tables that turn one system's words into another's."""

from typing import Any

from django.db import models


class ValueMap(models.Model):
    """A named table; `client` None: for every client that has none of its own."""

    name = models.SlugField(max_length=60, db_index=False)
    label = models.CharField(max_length=120)
    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    live = models.ForeignKey(
        "mappings.ValueMapVersion",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )

    class Meta:
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "client"], nulls_distinct=False, name="valuemap_name"
            )
        ]

    def __str__(self) -> str:
        return self.label


class ValueMapVersion(models.Model):
    """The table at one point: `table` is word → word. Written once."""

    value_map = models.ForeignKey(
        ValueMap, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    table = models.JSONField()
    author_label = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["value_map_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["value_map", "number"], name="valuemapversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.value_map} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert. Raises TypeError for a row that exists."""
        if not self._state.adding:
            raise TypeError("A value map version is written once; make a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: a version is what was signed and what ran."""
        raise TypeError("A value map version stays.")
