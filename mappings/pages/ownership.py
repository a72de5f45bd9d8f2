"""The matrix of who owns which field: shown, and proposed for change."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from mappings.canonical.registry import SCHEMAS, schema
from mappings.pages.frame import page
from mappings.services.custom_fields import custom_fields
from mappings.services.ownership import CHOICES, owners_of, propose_owners, rules_for
from tenants.accounts.models import Client


@dataclass(frozen=True)
class OwnerRow:
    """A field, its rule at this level ("" for none) and who owns it without one.

    name: "" for the object as a whole.
    """

    name: str
    label: str
    rule: str
    otherwise: str


def owner_matrix(request: HttpRequest) -> HttpResponse:
    """Show an object's fields with their owners, for all clients or one."""
    object_type, client = _asked(request, request.GET)
    return page(request, "owners.html", _context(request, object_type, client))


def _asked(request: HttpRequest, sent: Any) -> tuple[str, Client | None]:
    """Return the object and the client that are asked for. Raises Http404."""
    object_type = sent.get("object", "") or next(iter(SCHEMAS))
    chosen, own = sent.get("client", ""), actor_of(request).client_id
    if object_type not in SCHEMAS or (chosen and not (chosen.isdecimal() and len(chosen) < 19)):
        raise Http404
    if own is not None and chosen != str(own):
        chosen = str(own)
    return object_type, get_object_or_404(Client, pk=int(chosen)) if chosen else None


def _context(
    request: HttpRequest,
    object_type: str,
    client: Client | None,
    rules: dict[str, str] | None = None,
) -> dict[str, Any]:
    actor, client_id = actor_of(request), client.pk if client else None
    own = rules_for(object_type, client_id) if rules is None else rules
    above = owners_of(object_type, None).rules if client else {}
    described = schema(object_type, custom_fields(object_type))
    whole = own.get("") or above.get("") or described.owner_kind
    rows = [
        OwnerRow(
            "", "The object as a whole", own.get("", ""), above.get("") or described.owner_kind
        )
    ]
    for field in described.fields:
        otherwise = above.get(field.name) or (
            whole if own.get("") or above.get("") else field.owner_kind or whole
        )
        rows.append(OwnerRow(field.name, field.label, own.get(field.name, ""), otherwise))
    return {
        "rows": rows,
        "object": object_type,
        "object_label": described.label,
        "objects": [(name, one.label) for name, one in SCHEMAS.items()],
        "client": client,
        "clients": Client.objects.order_by("name") if actor.client_id is None else [],
        "owners": CHOICES,
        "title": request.POST.get("title", ""),
        "reason": request.POST.get("reason", ""),
        "may_edit": actor.can("mappings.edit", client_id)
        and actor.can("changes.propose", client_id),
    }


def owner_propose(request: HttpRequest) -> HttpResponse:
    """Ask for the owners that were sent to hold."""
    object_type, client = _asked(request, request.POST)
    names = ["", *(one.name for one in schema(object_type, custom_fields(object_type)).fields)]
    rules = {name: request.POST.get(f"owner-{name}", "") for name in names}
    try:
        asked = propose_owners(
            actor_of(request),
            object_type,
            client.pk if client else None,
            rules,
            title=request.POST.get("title", "").strip()
            or f"Change the owners of {SCHEMAS[object_type].label.lower()}"
            + (f" for {client}"[:60] if client else ""),
            reason=request.POST.get("reason", "").strip(),
        )
    except (ValidationError, Refusal) as error:
        texts = error.messages if isinstance(error, ValidationError) else [str(error)]
        context = _context(request, object_type, client, rules) | {"refused": texts}
        return page(request, "owners.html", context, status=422)
    messages.success(request, "Proposed. It holds when somebody else has approved it.")
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
