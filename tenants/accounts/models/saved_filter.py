"""A list's filter under a name."""

from django.db import models

from tenants.accounts.models.user import User


class SavedFilter(models.Model):
    """What the address of a list said after its question mark.

    page: the URL name of the list. shared: the partner's staff have it, too.
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="saved_filters", db_index=False
    )
    page = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="saved_filter_once")
        ]

    def __str__(self) -> str:
        return self.name
