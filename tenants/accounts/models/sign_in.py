"""What this partner asks of people who sign in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SignInRules(models.Model):
    """One row; while there is none, nothing but a password is asked for."""

    factor_roles = ArrayField(models.CharField(max_length=24), default=list)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "Sign-in rules"
