"""The page that makes a mapping for what somebody has as a file."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.lists import number_in
from governance.requests import actor_of
from mappings.canonical.registry import SCHEMAS
from mappings.pages.frame import page
from mappings.services.versions import add_mapping
from tenants.accounts.models import Client
from tenants.nouns import in_words


def mapping_add(request: HttpRequest) -> HttpResponse:
    """Ask for a name and what the records are; then open the editor, where the file is brought."""
    refused: list[str] = []
    if request.method == "POST":
        try:
            made = add_mapping(
                actor_of(request),
                name=request.POST.get("name", ""),
                canonical=request.POST.get("canonical", ""),
                object=request.POST.get("object", ""),
                client_id=_client_id(request),
            )
            return HttpResponseRedirect(reverse("mapping_detail", args=[made.pk]))
        except ValidationError as error:
            refused = error.messages
    actor = actor_of(request)
    context = {
        "refused": refused,
        "kinds": [(name, one.label, one.help) for name, one in SCHEMAS.items()],
        "clients": [
            one for one in Client.objects.order_by("name") if actor.can("mappings.edit", one.pk)
        ],
        "sent": request.POST,
    }
    return page(request, "add.html", context, status=422 if refused else 200)


def _client_id(request: HttpRequest) -> int | None:
    chosen = request.POST.get("client", "")
    if not chosen:
        return None
    number = number_in(chosen)
    found = None if number is None else Client.objects.filter(pk=number).first()
    if found is None:
        raise ValidationError(in_words("Choose a client of the list."))
    return found.pk
