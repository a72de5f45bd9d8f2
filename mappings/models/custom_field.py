"""Fields that a partner adds to canonical objects."""

from django.db import models

from mappings.canonical import custom
from mappings.canonical.fields import Field


class CustomField(models.Model):
    """One field of the partner's own on a canonical object; records keep it as `custom_…`.

    Its object, name and type stay: records hold values by them. `retired`: no rule may fill or
    read it any more; records that have a value show it still.
    """

    object = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    type = models.CharField(max_length=10)
    label = models.CharField(max_length=80)
    help = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=False)
    choices = models.JSONField(default=list, blank=True)
    retired = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["object", "label"]
        constraints = [models.UniqueConstraint(fields=["object", "name"], name="customfield_name")]

    def __str__(self) -> str:
        return self.label

    @property
    def target(self) -> str:
        """The name under which records and rules have it."""
        return f"{custom.PREFIX}{self.name}"

    @property
    def field(self) -> Field:
        """The field as canonical schemas describe theirs."""
        return custom.field_of(
            self.name,
            self.type,
            self.label,
            help=self.help,
            required=self.required,
            choices=self.choices,
        )
