"""A partner's brand: one live, at most one draft, and those that were live before."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from branding.nouns import MAX_LENGTH, NOUNS, OURS, Nouns
from branding.palette import DEFAULT_PRIMARY
from branding.texts import TextRefused, plain_text
from tenants.accounts.locales import DEFAULT_LOCALE, DEFAULT_ZONE, is_offered
from tenants.accounts.models import Client

colour_validator = RegexValidator(
    r"\A#[0-9a-f]{6}\Z", "Write a colour as # and six digits, for example #0f766e."
)
_TEXTS = {"name": 60, "sign_in_text": 120} | {f"noun_{noun}": MAX_LENGTH for noun in NOUNS}
LEGAL = ("terms_url", "privacy_url", "imprint_url")


def _legal(label: str) -> models.CharField[str, str]:
    return models.CharField(label, max_length=300, blank=True)


def _noun(label: str) -> models.CharField[str, str]:
    return models.CharField(label, max_length=MAX_LENGTH, blank=True)


class Brand(models.Model):
    """Values of one version of the brand. Only `branding.services.brand` changes a row.

    `logo` and `icon` are names of files in the partner's own storage, by content. The icon is
    made from the logo unless one was given. Nouns are empty where the product's own word stands.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    name = models.CharField("product name", max_length=_TEXTS["name"])
    primary = models.CharField(
        "main colour", max_length=7, default=DEFAULT_PRIMARY, validators=[colour_validator]
    )
    accent = models.CharField(
        "second colour", max_length=7, blank=True, validators=[colour_validator]
    )
    support_email = models.EmailField("support address", blank=True)
    sign_in_text = models.CharField(
        "text beside the sign-in", max_length=_TEXTS["sign_in_text"], blank=True
    )
    locale = models.CharField("form of numbers and dates", max_length=12, default=DEFAULT_LOCALE)
    time_zone = models.CharField("time zone", max_length=60, default=DEFAULT_ZONE)
    logo = models.CharField("logo", max_length=100, blank=True)
    logo_has_name = models.BooleanField("the logo shows the name", default=False)
    icon = models.CharField("icon", max_length=100, blank=True)
    icon_given = models.BooleanField("icon", default=False)
    terms_url = _legal("address of the terms")
    privacy_url = _legal("address of the privacy notice")
    imprint_url = _legal("address of the imprint")
    noun_client = _noun("word for a client")
    noun_clients = _noun("word for clients")
    noun_workflow = _noun("word for a workflow")
    noun_workflows = _noun("word for workflows")
    noun_exception = _noun("word for an exception")
    noun_exceptions = _noun("word for exceptions")
    edited_by = models.CharField(max_length=200, blank=True)
    published_by = models.CharField(max_length=200, blank=True)
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

    def nouns(self) -> Nouns:
        """The words that this version puts in place of ours."""
        return Nouns({noun: getattr(self, f"noun_{noun}") for noun in NOUNS})

    def clean(self) -> None:
        """Refuse what titles, mail headers, files or links cannot carry."""
        problems: dict[str, str] = {}
        for field, limit in _TEXTS.items():
            try:
                setattr(self, field, plain_text(getattr(self, field), limit))
            except TextRefused as error:
                problems[field] = str(error)
        for field in LEGAL:
            if not _is_web_address(getattr(self, field)):
                problems[field] = "Write a whole address that begins with https://."
        for one, many in OURS.items():
            if bool(getattr(self, f"noun_{one}")) != bool(getattr(self, f"noun_{many}")):
                problems[f"noun_{many}"] = "Write both, for one and for many, or neither."
        if not is_offered(self.locale):
            problems["locale"] = "Choose one of the forms on the list."
        if self.time_zone not in available_timezones():
            problems["time_zone"] = "Choose one of the time zones on the list."
        if problems:
            raise ValidationError(problems)


def _is_web_address(text: str) -> bool:
    """Whether a text is empty or an https address of a named host, without a name in it."""
    if not text:
        return True
    if any(sign.isspace() or ord(sign) < 33 or sign in "<>\"'\\" for sign in text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme == "https" and "." in host and "@" not in parts.netloc and port_ok


class ClientBrand(models.Model):
    """A client's own logo, shown beside the partner's where the client's tier allows it.

    Only `branding.services.client_brand` changes a row.
    """

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="brand")
    logo = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Logo of {self.client}"
