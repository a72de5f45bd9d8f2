"""List, adding and changing of the partner's own fields."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance.lists import page_of
from governance.requests import actor_of
from mappings.canonical.custom import TYPES
from mappings.canonical.registry import SCHEMAS
from mappings.models import CustomField
from mappings.pages.frame import page
from mappings.services.custom_fields import add_field, change_field, retire_field, used_by


def custom_field_list(request: HttpRequest) -> HttpResponse:
    """Show the partner's own fields, searchable by label."""
    return _list(request)


def _list(request: HttpRequest, refused: list[str] | None = None) -> HttpResponse:
    rows = CustomField.objects.all()
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(label__icontains=words)
    found = page_of(request, rows)
    context = {
        "page": found,
        "rows": [(field, _object_label(field)) for field in found.object_list],
        "empty": not found.paginator.count,
        "may_edit": actor_of(request).can("mappings.edit", None),
        "objects": [(name, one.label) for name, one in SCHEMAS.items()],
        "types": TYPES,
        "refused": refused,
        "sent": request.POST,
    }
    return page(request, "custom_fields.html", context, status=422 if refused else 200)


def _object_label(field: CustomField) -> str:
    return SCHEMAS[field.object].label if field.object in SCHEMAS else field.object


def _choices(request: HttpRequest) -> list[str]:
    return request.POST.get("choices", "")[:20_000].splitlines()


def custom_field_add(request: HttpRequest) -> HttpResponse:
    """Add a field and show it."""
    sent = request.POST
    try:
        made = add_field(
            actor_of(request),
            object_type=sent.get("object", ""),
            name=sent.get("name", ""),
            type=sent.get("type", ""),
            label=sent.get("label", ""),
            help=sent.get("help", ""),
            choices=_choices(request),
        )
    except ValidationError as error:
        return _list(request, error.messages)
    messages.success(request, f"Added. Rules fill it as {made.target}.")
    return HttpResponseRedirect(reverse("custom_field_detail", args=[made.pk]))


def custom_field_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a field, editable for those who may, and which mappings use it."""
    return _detail(request, get_object_or_404(CustomField, pk=pk))


def _detail(
    request: HttpRequest, field: CustomField, refused: list[str] | None = None
) -> HttpResponse:
    context = {
        "field": field,
        "object": _object_label(field),
        "choices": "\n".join(field.choices),
        "used_by": used_by(field),
        "may_edit": actor_of(request).can("mappings.edit", None) and not field.retired,
        "refused": refused,
    }
    return page(request, "custom_field.html", context, status=422 if refused else 200)


def custom_field_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a field is called and asks for."""
    field = get_object_or_404(CustomField, pk=pk)
    sent = request.POST
    try:
        change_field(
            actor_of(request),
            field,
            label=sent.get("label", ""),
            help=sent.get("help", ""),
            required=bool(sent.get("required")),
            choices=_choices(request),
        )
    except ValidationError as error:
        return _detail(request, field, error.messages)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse("custom_field_detail", args=[pk]))


def custom_field_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a field out of use."""
    field = get_object_or_404(CustomField, pk=pk)
    try:
        retire_field(actor_of(request), field)
    except ValidationError as error:
        return _detail(request, field, error.messages)
    messages.success(request, "Retired. Records that have a value keep it.")
    return HttpResponseRedirect(reverse("custom_field_list"))
