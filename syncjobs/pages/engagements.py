"""Engagements: the four answers about each, and its story from opportunity to revenue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse

from branding.viewer import Viewer, viewer_of
from governance.lists import chips, number_in, page_of
from governance.requests import actor_of
from syncjobs.indicators.engagements import verdicts
from syncjobs.indicators.engagements.answered import Engagement, answered
from syncjobs.indicators.engagements.chosen import among, engagements, head_of, standing
from syncjobs.indicators.engagements.story import story_of
from syncjobs.indicators.engagements.verdicts import Answer
from syncjobs.indicators.engagements.work import TAKEN_OVER, Stop
from syncjobs.models import CanonicalRecord, Connection, ExternalRef
from syncjobs.pages.frame import one_of, page, visible
from syncjobs.templatetags.words import kind_label
from tenants.accounts.models import Client
from tenants.nouns import in_words
from tenants.tables.listed import rows_file

LINES: Final = 30
SHOWN: Final = 12  # rows of evidence of one kind
MOST: Final = 2_000  # rows of a download
_AT_ONCE: Final = 100
SORTS: Final = {
    f"{sign}{name}": [f"{sign}{path}", "engagement", "pk"]
    for name, path in (
        ("name", "label"),
        ("engagement", "engagement"),
        ("client__name", "client__name"),
        ("changed_at", "changed_at"),
    )
    for sign in ("", "-")
}
QUESTIONS: Final = (
    ("project", "Is the project in every system that it should be in?", verdicts.project_stops),
    ("time", "Did approved time reach the ERP?", verdicts.time_stops),
    ("invoice", "Is an invoice blocked, and by what?", verdicts.invoice_stops),
    ("revenue", "Does the revenue carry the right contract reference?", verdicts.revenue_stops),
)


@dataclass(frozen=True)
class Question:
    """One of the four: what is asked, the answer, and what stands open behind it."""

    name: str
    text: str
    answer: Answer
    stops: list[tuple[Stop, Connection | None]]


def _chosen(request: HttpRequest) -> tuple[QuerySet[CanonicalRecord], dict[str, Q]]:
    """Return the engagements that the address asks for, and the conditions of its filter."""
    rows = engagements(visible(request, CanonicalRecord.objects.all())).select_related("client")
    words = request.GET.get("q", "").strip()
    if words:
        rows = rows.filter(
            Q(label__icontains=words)
            | Q(key__icontains=words)
            | Q(engagement__icontains=words)
            | Q(client__name__icontains=words)
            | Q(data__contract__icontains=words)
        )
    actor = actor_of(request)
    known = standing(actor.client_id)
    stopped = among(key for key, is_stopped in known.items() if is_stopped)
    moving = among(key for key, is_stopped in known.items() if not is_stopped)
    return rows, {"": Q(), "stopped": stopped, "moving": moving}


def _ordered(
    request: HttpRequest, rows: QuerySet[CanonicalRecord], shown: dict[str, Q]
) -> QuerySet[CanonicalRecord]:
    """Return the rows that the filter leaves; without a wish what is stopped comes first."""
    rows = rows.filter(shown.get(request.GET.get("state", ""), Q()))
    if order := SORTS.get(request.GET.get("sort", "")):
        return rows.order_by(*order)
    urgent = Case(
        When(shown["stopped"], then=Value(0)),
        When(shown["moving"], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return rows.order_by(urgent, "-changed_at", "pk")


def engagement_list(request: HttpRequest) -> HttpResponse:
    """Show engagements with the four answers about each, those that are stopped first."""
    rows, shown = _chosen(request)
    options = [
        ("", "All", rows.count()),
        ("stopped", "Stopped", rows.filter(shown["stopped"]).count()),
        ("moving", "On its way", rows.filter(shown["moving"]).count()),
    ]
    found = page_of(request, _ordered(request, rows, shown))
    is_staff = actor_of(request).client_id is None
    client = number_in(request.GET.get("client", "")) if is_staff else None
    context = {
        "page": found,
        "rows": answered(found, viewer_of(request)),
        "chips": chips(request, "state", options, ""),
        "words": request.GET.get("q", "").strip(),
        "client": None if client is None else Client.objects.filter(pk=client).first(),
    }
    return page(request, "engagement_list.html", context)


def engagement_export(request: HttpRequest) -> HttpResponse:
    """Return the list as it is filtered there: CSV, or .xlsx by `format`."""
    headings = ["Engagement", "Name", "Project", in_words("Client")]
    headings += [text for _, text, _ in QUESTIONS]
    viewer, own = viewer_of(request), actor_of(request).client_id

    def cells(rows: Sequence[CanonicalRecord]) -> Iterable[list[object]]:
        batches = (rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE))
        return (_cells(one) for batch in batches for one in answered(batch, viewer))

    chosen = _ordered(request, *_chosen(request))
    return rows_file(request, "engagements", chosen, headings, cells, client_id=own, most=MOST)


def _cells(one: Engagement) -> list[object]:
    head = one.head
    project = head.key if head.type == "project" else ""
    said = [answer.verdict for answer in one.answers.each]
    return [head.engagement, head.label, project, str(head.client), *said]


def engagement_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the engagement that a record belongs to."""
    mine = CanonicalRecord.objects.select_related("client").exclude(engagement="")
    head = head_of(one_of(request, mine, pk))
    viewer = viewer_of(request)
    (one,) = answered([head], viewer)
    facts = one.facts
    invoices = sorted(facts.invoices, key=lambda row: row.created_at, reverse=True)[:SHOWN]
    context = {
        "head": head,
        "kind": kind_label(head.type),
        "facts": facts,
        "answers": one.answers,
        "questions": _questions(one),
        "taken_over": [row for row in facts.work if row.kind in TAKEN_OVER],
        "milestones": [row for row in facts.work if row.kind not in TAKEN_OVER],
        "invoices": invoices,
        "made": set(
            ExternalRef.objects.filter(record__in=invoices).values_list("record_id", flat=True)
        ),
        "revenue": sorted(facts.revenue, key=lambda row: row.created_at, reverse=True)[:SHOWN],
        "wrong": {row.pk for row in verdicts.wrongly_named(facts)},
        **_told(request, one, viewer),
    }
    return page(request, "engagement_detail.html", context)


def _questions(one: Engagement) -> list[Question]:
    connections = one.facts.connections
    return [
        Question(
            name,
            text,
            getattr(one.answers, name),
            [(stop, connections.get(stop.connection_id)) for stop in stops(one.facts)[:SHOWN]],
        )
        for name, text, stops in QUESTIONS
    ]


def _told(request: HttpRequest, one: Engagement, viewer: Viewer) -> dict[str, object]:
    """Return a page of the engagement's story, newest first unless the address says otherwise."""
    lines = story_of(one.facts, actor_of(request), viewer.zone)
    if request.GET.get("order") == "oldest":
        lines.reverse()
    options = [("", "Newest first", None), ("oldest", "From the beginning", None)]
    return {
        "page": Paginator(lines, LINES).get_page(request.GET.get("page")),
        "chips": chips(request, "order", options, ""),
    }
