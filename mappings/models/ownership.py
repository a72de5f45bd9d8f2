"""Which kind of system owns an object, or one field of it."""

from django.db import models


class OwnershipRule(models.Model):
    """`field` "" stands for the whole object; `client` None for every client."""

    object = models.CharField(max_length=40)
    field = models.CharField(max_length=60, blank=True)
    owner = models.CharField(max_length=20)
    client = models.ForeignKey(
        "accounts.Client",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        ordering = ["object", "field"]
        constraints = [
            models.UniqueConstraint(
                fields=["object", "field", "client"], nulls_distinct=False, name="ownership_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.object}.{self.field or '*'}: {self.owner}"
