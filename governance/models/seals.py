"""What makes the audit trail prove itself: seals over its entries, and where they were anchored."""

from django.db import models
from django.db.models.functions import Now

from governance.append_only import AppendOnlyManager, AppendOnlyModel


class AuditSeal(AppendOnlyModel):
    """A signed statement over a batch of entries. Only `governance.services.seals` writes it.

    top_id: the greatest id of an entry in this seal or any before. statement: see
    `governance.statements`. leaves: 32 bytes for each entry, in the order of the ids, so that
    the entry that was altered can be named.
    """

    number = models.BigIntegerField(primary_key=True)
    top_id = models.BigIntegerField()
    statement = models.TextField()
    signature = models.CharField(max_length=128)
    leaves = models.BinaryField()

    objects = AppendOnlyManager()

    class Meta:
        verbose_name = "seal"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Seal {self.number}"


class AuditAnchor(AppendOnlyModel):
    """That the chain's end was written down outside the database: where, and what.

    seal_number, seal_hash: the latest seal of that moment. place: the sink's own words.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    seal_number = models.BigIntegerField()
    seal_hash = models.CharField(max_length=64)
    place = models.CharField(max_length=300)

    objects = AppendOnlyManager()

    class Meta:
        verbose_name = "anchor"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"Seal {self.seal_number} in {self.place}"
