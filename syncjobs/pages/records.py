"""Records and deliveries: what the product knows, and why it wrote what it wrote."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from mappings.canonical import registry
from syncjobs.indicators.lineage import lineage
from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.pages.frame import back_to, explain_failure, one_of, page, reason_in, visible
from syncjobs.services import deliveries
from syncjobs.state import DELIVERY
from tenants.lists import chips, page_of


def record_list(request: HttpRequest) -> HttpResponse:
    """Show canonical records by type, searchable by key and name."""
    rows = visible(request, CanonicalRecord.objects.select_related("client").filter(version__gt=0))
    counts = dict(rows.values_list("type").annotate(Count("pk")).order_by())
    options = [("", "All", sum(counts.values()))] + [
        (kind, registry.schema(kind).label, count) for kind, count in sorted(counts.items())
    ]
    kind, words = request.GET.get("type", ""), request.GET.get("q", "").strip()
    if kind:
        rows = rows.filter(type=kind)
    if words:
        rows = rows.filter(
            Q(key__icontains=words) | Q(label__icontains=words) | Q(engagement__iexact=words)
        )
    context = {
        "page": page_of(request, rows.order_by("-changed_at", "-pk")),
        "chips": chips(request, "type", options, ""),
    }
    return page(request, "record_list.html", context)


def _fields(record: CanonicalRecord) -> list[dict[str, object]]:
    """Return the record's fields in the schema's order, with their labels."""
    return [
        {
            "label": field.label,
            "value": record.data[field.name],
            "personal": field.personal,
            "nested": isinstance(record.data[field.name], list | dict),
        }
        for field in registry.schema(record.type).fields
        if record.data.get(field.name) is not None
    ]


def record_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a record's fields, where it exists, its versions and its deliveries."""
    record = one_of(request, CanonicalRecord.objects.select_related("client"), pk)
    context = {
        "record": record,
        "trail": lineage(record),
        "schema": registry.schema(record.type),
        "fields": _fields(record),
    }
    return page(request, "record_detail.html", context)


def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one delivery: every try with what was sent and answered, its holds, what to do."""
    delivery = one_of(
        request,
        Delivery.objects.select_related("record", "origin", "connection", "workflow", "client"),
        pk,
    )
    context = {
        "delivery": delivery,
        "tries": delivery.tries.order_by("-number"),
        "holds": delivery.holds.order_by("-id"),
        "verdict": deliveries.verdict_of(delivery),
        "may_work": actor_of(request).can("exceptions.work", delivery.client_id),
        "may_retry": DELIVERY.may(delivery.state, "retry"),
        "may_cancel": DELIVERY.may(delivery.state, "cancel"),
    }
    return page(request, "delivery_detail.html", context)


ACTIONS: dict[str, tuple[Callable[..., None], str]] = {
    "retry": (deliveries.retry_delivery, "It is tried again now."),
    "cancel": (deliveries.cancel_delivery, "Cancelled. Nothing is written for this version."),
    "skip": (deliveries.skip_delivery, "Skipped."),
}


def delivery_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Retry, cancel or skip one delivery, with a reason."""
    delivery = one_of(request, Delivery.objects.all(), pk)
    service, done = ACTIONS[action]
    try:
        service(actor_of(request), delivery, reason=reason_in(request))
        messages.success(request, done)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("delivery_detail", args=[pk]))
