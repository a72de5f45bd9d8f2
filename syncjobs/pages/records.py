"""Records and deliveries: what the product knows, and why it wrote what it wrote."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from governance.errors import Refusal
from governance.lists import chips, ordered, page_of
from governance.requests import actor_of
from governance.templatetags.people import person_name
from mappings.canonical import Field, ObjectSchema, registry
from mappings.models import Mapping as MappingRow
from mappings.services.custom_fields import custom_fields
from syncjobs.indicators.composition import INVOICE, SHOWN, composition, invoices_of
from syncjobs.indicators.lineage import Lineage, lineage, mapped_by
from syncjobs.indicators.origins import Origin, origins
from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    keep_typed,
    one_of,
    page,
    reason_in,
    typed_before,
    utc_text,
    visible,
)
from syncjobs.payloads import PERSONAL
from syncjobs.services import anew, corrections, deliveries, payloads
from syncjobs.services.retention_changes import keep_days
from syncjobs.state import DELIVERY, NEEDS_PERSON
from syncjobs.templatetags.words import plain_words
from tenants.tables.listed import listed_file

SORTS = {"record": "key", "kind": "type", "engagement": "engagement", "changed": "changed_at"}
COLUMNS: dict[str, Callable[[CanonicalRecord], object]] = {
    "Record": lambda one: one.key,
    "Name": lambda one: one.label,
    "Kind": lambda one: registry.schema(one.type).label,
    "Client": lambda one: one.client,
    "Engagement": lambda one: one.engagement,
    "Changed (UTC)": lambda one: utc_text(one.changed_at),
}


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
        # People know an invoice by the number that the ERP printed on it.
        printed = Q(type=INVOICE, data__external_number__icontains=words)
        rows = rows.filter(
            Q(key__icontains=words)
            | Q(label__icontains=words)
            | Q(engagement__iexact=words)
            | printed
        )
    found = ordered(request, rows, SORTS, "-changed_at", "-pk")
    if file := listed_file(request, "records", found.defer("data"), COLUMNS):
        return file
    context = {
        "words": words,
        "page": page_of(request, found),
        "chips": chips(request, "type", options, ""),
    }
    return page(request, "record_list.html", context)


def _referred(record: CanonicalRecord) -> dict[tuple[str, str], CanonicalRecord]:
    """Return the records that this one refers to, by type and key; one query."""
    wanted = registry.references_in(record.type, record.data)
    if not wanted:
        return {}
    any_of = reduce(or_, (Q(type=kind, key=key) for kind, key in wanted))
    rows = CanonicalRecord.objects.filter(any_of, client_id=record.client_id, version__gt=0)
    return {(one.type, one.key): one for one in rows}


def _fields(
    record: CanonicalRecord, schema: ObjectSchema, came_from: Mapping[str, Origin]
) -> list[dict[str, object]]:
    """Return the record's fields in the schema's order, references with their records."""
    referred = _referred(record)
    found = []
    for field in schema.fields:
        value = record.data.get(field.name)
        if value is None:
            continue
        found.append(
            {
                "field": field,
                "value": value,
                "nested": isinstance(value, list | dict),
                "members": _members(field, value),
                "record": referred.get((field.reference_to, str(value))),
                "origin": came_from.get(field.name),
            }
        )
    return found


def _members(field: Field, value: object) -> list[list[tuple[Field, object]]]:
    """Return what each member of a list, or an object, has by its schema; nothing where it has
    something else.
    """
    members = value if isinstance(value, list) else [value]
    names = {item.name for item in field.items}
    for one in members:
        if not isinstance(one, dict) or not one.keys() <= names:
            return []
        if any(isinstance(part, list | dict) for part in one.values()):
            return []
    return [
        [(item, one[item.name]) for item in field.items if one.get(item.name) not in (None, "")]
        for one in members
    ]


def _mappings(rows: Iterable[Delivery], client_id: int) -> dict[str, MappingRow]:
    """Return the mappings that deliveries name, the client's own before the partner's."""
    slugs = {one.mapping for one in rows}
    found = MappingRow.objects.filter(Q(client_id=client_id) | Q(client=None), slug__in=slugs)
    return {one.slug: one for one in found.order_by(F("client_id").asc(nulls_first=True))}


@dataclass(frozen=True)
class Moment:
    """One line of a record's time line."""

    at: datetime
    title: str
    text: str = ""
    tone: str = ""


def _moments(trail: Lineage, labels: dict[str, str]) -> list[Moment]:
    """Return events and versions, newest first. `labels`: field → its words."""
    found = [Moment(one.at, plain_words(one.type), tone="ok") for one in trail.events]
    for one in trail.versions:
        changed = ", ".join(labels.get(name, name) for name in one.changed)
        text = changed if one.number > 1 else ""
        if entry := trail.corrections.get(one.number):
            found.append(
                Moment(
                    one.at,
                    f"Version {one.number}, corrected by {person_name(entry.actor_label)}",
                    f"{text}: {entry.reason}",
                )
            )
            continue
        origin = f" from {one.connection}" if one.connection else ", by hand" * one.is_by_hand
        found.append(Moment(one.at, f"Version {one.number}{origin}", text))
    return sorted(found, key=lambda one: one.at, reverse=True)


def record_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a record's fields, where it exists, its versions and its deliveries."""
    record = one_of(request, CanonicalRecord.objects.select_related("client"), pk)
    trail = lineage(record)
    named = _mappings((one.delivery for one in trail.written), record.client_id)
    made_by = mapped_by(one.delivery.mapping_version for one in trail.written)
    schema = registry.schema(record.type, custom_fields(retired=True))
    came_from = origins(trail, schema)
    context = {
        "record": record,
        "trail": trail,
        "made_of": composition(record) if record.type == INVOICE else None,
        "most_lines": SHOWN,
        "invoices": invoices_of(one.delivery for one in trail.written),
        "schema": schema,
        "fields": _fields(record, schema, came_from),
        "came_from": bool(came_from),
        "sources": sorted({one.connection.name for one in came_from.values() if one.connection}),
        "written": [
            (one, named.get(one.delivery.mapping), made_by.get(one.delivery.mapping_version or 0))
            for one in trail.written
        ],
        "moments": _moments(trail, {field.name: field.label.lower() for field in schema.fields}),
        "may": actor_of(request).permissions,
        "correctable": corrections.correctable(record.type),
        "typed": typed_before(request, f"correct {pk}"),
        "may_work": actor_of(request).can("exceptions.work", record.client_id),
        "may_erase": record.type in PERSONAL
        and payloads.may_erase_payloads(actor_of(request), record),
        "is_one_of_several": any(one.part for one in trail.references),
        "erased_at": payloads.payloads_erased_at(record) if record.type in PERSONAL else None,
    }
    return page(request, "record_detail.html", context)


def record_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase what sources sent of a record, with a reason and a word that it is meant."""
    record = one_of(request, CanonicalRecord.objects.all(), pk)
    try:
        if request.POST.get("meant") != "1":
            raise ValidationError("Tick the box first: what is erased cannot be brought back.")
        payloads.erase_payloads(actor_of(request), record, reason=reason_in(request))
        messages.success(request, "Erased. In at most 30 seconds no process can read it.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("record_detail", args=[pk]))


def record_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct one field by hand, with a reason, and try again what failed."""
    record = one_of(request, CanonicalRecord.objects.all(), pk)
    field, value = request.POST.get("field", ""), request.POST.get("value", "")
    try:
        count = corrections.correct_record(
            actor_of(request), record, field=field, text=value, reason=reason_in(request)
        )
        follows = "Nothing is written for it." if not count else f"Writes that follow: {count}."
        messages.success(request, f"Corrected. {follows}")
    except (ValidationError, Refusal) as error:
        keep_typed(request, f"correct {pk}", "field", "value", "reason")
        explain_failure(request, error)
    return back_to(request, reverse("record_detail", args=[pk]))


def _untold(delivery: Delivery) -> str:
    """Return why a delivery that has ended may have no tries to show; "" for one that is open."""
    if delivery.state not in DELIVERY.closed:
        return ""
    days = keep_days()["attempts"]
    ended = delivery.finished_at or delivery.updated_at
    is_old = bool(days) and ended < timezone.now() - timedelta(days=days)
    was_sent = delivery.state == DELIVERY.target("deliver")
    return "deleted" if is_old or was_sent else "nothing"


def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one delivery: every try with what was sent and answered, its holds, what to do."""
    delivery = one_of(
        request,
        Delivery.objects.select_related(
            "record", "origin", "connection", "workflow", "workflow_version", "client", "issue"
        ),
        pk,
    )
    context = {
        "delivery": delivery,
        "mapping": _mappings([delivery], delivery.client_id).get(delivery.mapping),
        "made_by": mapped_by([delivery.mapping_version]).get(delivery.mapping_version or 0),
        "may": actor_of(request).permissions,
        "tries": delivery.tries.order_by("-number"),
        "untold": _untold(delivery),
        "holds": delivery.holds.order_by("-id"),
        "verdict": deliveries.verdict_of(delivery),
        "may_work": actor_of(request).can("exceptions.work", delivery.client_id),
        "may_retry": DELIVERY.may(delivery.state, "retry"),
        "may_cancel": DELIVERY.may(delivery.state, "cancel"),
        "may_skip": delivery.state in NEEDS_PERSON,
        "anew": anew.verdicts_anew([delivery])[0] if anew.may_make_again(delivery) else None,
    }
    return page(request, "delivery_detail.html", context)


ACTIONS: dict[str, tuple[Callable[..., None], str]] = {
    "retry": (deliveries.retry_delivery, "It is tried again now."),
    "cancel": (deliveries.cancel_delivery, "Cancelled. Nothing is written for this version."),
    "skip": (deliveries.skip_delivery, "Taken as done there. What waited for it goes on."),
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


def delivery_make_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a delivery's record made again where it is gone, with a reason."""
    delivery = one_of(request, Delivery.objects.all(), pk)
    doubtful = request.POST.get("doubtful") == "1"
    try:
        anew.make_again(actor_of(request), delivery, reason=reason_in(request), doubtful=doubtful)
        messages.success(request, "It is made again there, unless it is there after all.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("delivery_detail", args=[pk]))
