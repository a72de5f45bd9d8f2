"""For how long a partner keeps what nothing hangs on any more."""

from django.db import models


class Retention(models.Model):
    """One row at most. days: kind (see `engine.retention`) → days, 0 for good; a kind that is not
    in it is kept as the operator says. Changed by `services.retention_changes` alone."""

    days = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "Retention"
