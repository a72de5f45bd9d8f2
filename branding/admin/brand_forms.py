"""The form of the brand editor. Rules are in the service; this only reads input."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from branding.models import Brand
from branding.nouns import MAX_LENGTH, OURS
from branding.palette import ColourError, parse_colour
from branding.services.brand import BrandValues, Pictures
from tenants.accounts.locales import locale_choices
from tenants.accounts.zones import ZoneSelect, zone_choices

Files = MultiValueDict[str, UploadedFile]
PICTURES = "image/png,image/webp,image/jpeg"
_COLOUR_INPUT = {"spellcheck": "false", "placeholder": "#0f766e", "autocomplete": "off"}
_ADDRESS_INPUT = {"placeholder": "https://", "inputmode": "url", "autocomplete": "off"}


def _colour_field(label: str, text: str, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=7,
        required=required,
        help_text=text,
        widget=forms.TextInput(attrs=_COLOUR_INPUT),
        error_messages={"max_length": "Write a colour as # and six digits, for example #0f766e."},
    )


def picture_field(label: str, text: str) -> forms.FileField:
    """A field for an uploaded picture."""
    return forms.FileField(
        label=label,
        required=False,
        help_text=text,
        widget=forms.FileInput(attrs={"accept": PICTURES}),
        error_messages={"empty": "This file is empty. Choose another one."},
    )


def _address_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=300, required=False, widget=forms.TextInput(attrs=_ADDRESS_INPUT)
    )


class BrandForm(forms.Form):
    """What can be written about the brand."""

    name = forms.CharField(label="Product name", max_length=60)
    primary = _colour_field(
        "Main colour", "Buttons, links and the first colour of charts.", required=True
    )
    accent = _colour_field(
        "Second colour", "Second colour of charts. Chosen for you when empty.", required=False
    )
    logo_file = picture_field("Logo", "PNG, WebP or JPEG, at most 1 MB, on a clear ground.")
    logo_has_name = forms.BooleanField(label="The logo shows the name", required=False)
    remove_logo = forms.BooleanField(label="Remove the logo", required=False)
    icon_file = picture_field(
        "Icon",
        "About square, 512 × 512 is best. Made from the logo or the first letter when empty.",
    )
    remove_icon = forms.BooleanField(label="Remove the icon", required=False)
    support_email = forms.EmailField(
        label="Support address",
        required=False,
        help_text="At the foot of pages and mails; answers to mails go there.",
    )
    sign_in_text = forms.CharField(
        label="Text beside the sign-in", max_length=120, required=False, help_text="One sentence."
    )
    terms_url = _address_field("Terms")
    privacy_url = _address_field("Privacy notice")
    imprint_url = _address_field("Imprint")
    locale = forms.ChoiceField(label="Numbers and dates", choices=locale_choices)
    time_zone = forms.ChoiceField(label="Time zone", choices=zone_choices, widget=ZoneSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one, many in OURS.items():
            for noun, label in ((one, "One"), (many, "Many")):
                self.fields[f"noun_{noun}"] = forms.CharField(
                    label=label,
                    max_length=MAX_LENGTH,
                    required=False,
                    widget=forms.TextInput(attrs={"placeholder": noun}),
                )

    @property
    def noun_rows(self) -> list[dict[str, object]]:
        """The fields of each of our words, for the template."""
        return [
            {
                "label": one.capitalize(),
                "one": self[f"noun_{one}"],
                "many": self[f"noun_{many}"],
            }
            for one, many in OURS.items()
        ]

    def clean_primary(self) -> str:
        """The colour in its plain form."""
        return _colour(self.cleaned_data["primary"])

    def clean_accent(self) -> str:
        """The colour in its plain form, or nothing."""
        return _colour(self.cleaned_data["accent"]) if self.cleaned_data["accent"] else ""

    def values(self) -> BrandValues:
        """What the service wants."""
        fields = BrandValues.__dataclass_fields__
        return BrandValues(**{name: self.cleaned_data[name] for name in fields})

    def pictures(self) -> Pictures:
        """The uploaded files' content."""
        logo, icon = self.cleaned_data["logo_file"], self.cleaned_data["icon_file"]
        return Pictures(
            logo=logo.read() if logo else None,
            icon=icon.read() if icon else None,
            remove_logo=self.cleaned_data["remove_logo"],
            remove_icon=self.cleaned_data["remove_icon"],
        )


def _colour(text: str) -> str:
    try:
        return parse_colour(text)
    except ColourError as error:
        raise forms.ValidationError(str(error)) from error


def brand_form(
    draft: Brand, data: QueryDict | None = None, files: Files | None = None
) -> BrandForm:
    """The form over a draft."""
    initial = {name: getattr(draft, name) for name in BrandValues.__dataclass_fields__}
    return BrandForm(data, files, initial=initial)
