"""The brand editor: a form, and beside it what it will look like."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branding.images import ImageRefused
from branding.models import Brand
from branding.palette import ColourError, Palette, parse_colour
from branding.services import brand as service
from branding.services.brand import BrandValues
from branding.services.identity import identity_of
from branding.services.theme import palette_of
from branding.storage import picture_version, read_picture
from governance.requests import actor_of
from tenants.doors import staff_page

Files = MultiValueDict[str, UploadedFile]

LOCALES = (
    ("en-gb", "1,234.50 · 21 Nov 2026"),
    ("en-us", "1,234.50 · Nov 21, 2026"),
    ("de", "1.234,50 · 21.11.2026"),
    ("nl", "1.234,50 · 21-11-2026"),
    ("fr", "1 234,50 · 21/11/2026"),
)


_COLOUR_INPUT = {"spellcheck": "false", "placeholder": "#0f766e", "autocomplete": "off"}


def _zones() -> list[tuple[str, str]]:
    names = (name for name in available_timezones() if "/" in name or name == "UTC")
    return [(name, name) for name in sorted(names) if not name.startswith("Etc/")]


class BrandForm(forms.Form):
    """What can be written about the brand."""

    name = forms.CharField(label="Product name", max_length=60)
    primary = forms.CharField(
        label="Main colour",
        max_length=7,
        help_text="Buttons, links and the first colour of charts.",
        widget=forms.TextInput(attrs=_COLOUR_INPUT),
    )
    accent = forms.CharField(
        label="Second colour",
        max_length=7,
        required=False,
        help_text="Second colour of charts. Chosen for you when empty.",
        widget=forms.TextInput(attrs=_COLOUR_INPUT),
    )
    logo_file = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG, WebP or JPEG, at most 1 MB, on a clear ground.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/webp,image/jpeg"}),
    )
    logo_has_name = forms.BooleanField(label="The logo shows the name", required=False)
    remove_logo = forms.BooleanField(label="Remove the logo", required=False)
    support_email = forms.EmailField(
        label="Support address",
        required=False,
        help_text="At the foot of pages and mails; answers to mails go there.",
    )
    sign_in_text = forms.CharField(
        label="Text beside the sign-in", max_length=120, required=False, help_text="One sentence."
    )
    locale = forms.ChoiceField(label="Numbers and dates", choices=LOCALES)
    time_zone = forms.ChoiceField(label="Time zone", choices=_zones)

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


def _colour(text: str) -> str:
    try:
        return parse_colour(text)
    except ColourError as error:
        raise forms.ValidationError(str(error)) from error


def _form(draft: Brand, data: QueryDict | None = None, files: Files | None = None) -> BrandForm:
    initial = {name: getattr(draft, name) for name in BrandValues.__dataclass_fields__}
    return BrandForm(data, files, initial=initial)


@staff_page(service.PERMISSION)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """Show the draft, or write it."""
    draft = service.brand_to_edit()
    form = _form(draft, request.POST, request.FILES) if request.POST else _form(draft)
    if request.method == "POST" and form.is_valid() and _save(request, form):
        messages.success(request, "Saved as a draft. Publish it when it looks right.")
        return HttpResponseRedirect(reverse("brand_edit"))
    context = {"form": form, "draft": service.brand_to_edit(), **_preview_values(form)}
    return render(request, "branding/brand_edit.html", context)


def _save(request: HttpRequest, form: BrandForm) -> bool:
    upload = form.cleaned_data["logo_file"]
    try:
        service.edit_brand(
            actor_of(request),
            form.values(),
            logo=upload.read() if upload else None,
            remove_logo=form.cleaned_data["remove_logo"],
        )
    except ImageRefused as error:
        form.add_error("logo_file", str(error))
    except ValidationError as error:
        form.add_error(None, error)
    else:
        return True
    return False


@staff_page(service.PERMISSION)
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """Show the form as it would look, in the pane beside it. Changes nothing."""
    form = BrandForm(request.GET)
    form.is_valid()
    return render(request, "branding/brand_preview.html", _preview_values(form))


@staff_page(service.PERMISSION)
@require_GET
def preview_logo(request: HttpRequest) -> HttpResponse:
    """The draft's logo, which nobody else sees yet."""
    picture = read_picture(service.brand_to_edit().logo)
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/png", headers={"Cache-Control": "no-store"})


@staff_page(service.PERMISSION)
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Make the draft what everybody sees."""
    service.publish_brand(actor_of(request))
    messages.success(request, "Published. Everybody sees it from their next page on.")
    return HttpResponseRedirect(reverse("brand_edit"))


@staff_page(service.PERMISSION)
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Go back to what is live."""
    service.discard_draft(actor_of(request))
    messages.info(request, "Draft discarded.")
    return HttpResponseRedirect(reverse("brand_edit"))


def _preview_values(form: BrandForm) -> dict[str, object]:
    """What the form would make; the stored value where one is bad."""
    stored = service.brand_to_edit()
    for name in ("name", "primary", "accent", "support_email", "sign_in_text"):
        value = getattr(form, "cleaned_data", {}).get(name)
        if value is not None and (value or name != "primary"):
            setattr(stored, name, value)
    tokens = palette_of(stored.primary, stored.accent)
    version = picture_version(stored.logo)
    return {
        "sample": identity_of(stored),
        "sample_logo": f"{reverse('brand_preview_logo')}?v={version}" if version else "",
        "modes": _modes(tokens),
        "corrections": tokens.corrections,
    }


def _modes(tokens: Palette) -> list[tuple[str, dict[str, str]]]:
    return [("Light", dict(tokens.light)), ("Dark", dict(tokens.dark))]
