"""A partner's brand: one live, at most one draft, and those that were live before."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from branding.palette import DEFAULT_PRIMARY
from branding.viewer import DEFAULT_LOCALE, DEFAULT_ZONE

colour_validator = RegexValidator(
    r"\A#[0-9a-f]{6}\Z", "Write a colour as # and six digits, for example #0f766e."
)


class Brand(models.Model):
    """Values of one version of the brand. Only `branding.services.brand` changes a row.

    `logo` and `icon` are names of files in the partner's own storage, by content.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    name = models.CharField("product name", max_length=60)
    primary = models.CharField(
        "main colour", max_length=7, default=DEFAULT_PRIMARY, validators=[colour_validator]
    )
    accent = models.CharField(
        "second colour", max_length=7, blank=True, validators=[colour_validator]
    )
    support_email = models.EmailField("support address", blank=True)
    sign_in_text = models.CharField("text beside the sign-in", max_length=120, blank=True)
    locale = models.CharField("form of numbers and dates", max_length=12, default=DEFAULT_LOCALE)
    time_zone = models.CharField("time zone", max_length=60, default=DEFAULT_ZONE)
    logo = models.CharField(max_length=100, blank=True)
    logo_has_name = models.BooleanField("the logo shows the name", default=False)
    icon = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state__in=["draft", "live"]),
                name="brand_one_draft_one_live",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a name that mail headers or titles cannot carry."""
        if any(ord(sign) < 32 for sign in self.name + self.sign_in_text):
            raise ValidationError("Use plain text on one line.")
