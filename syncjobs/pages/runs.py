"""Runs: what was read, what was written, record by record."""

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from syncjobs.models import Delivery, Run
from syncjobs.pages.frame import one_of, page, visible
from syncjobs.state import DELIVERY, RUN
from tenants.lists import chips, page_of


def run_list(request: HttpRequest) -> HttpResponse:
    """Show the latest runs."""
    rows = visible(request, Run.objects.select_related("client", "workflow", "stream__connection"))
    counts = dict(rows.values_list("state").annotate(Count("pk")).order_by())
    options = [("", "All", None)] + [
        (state, label, counts[state]) for state, label in RUN.choices if counts.get(state)
    ]
    state = request.GET.get("state", "")
    context = {
        "page": page_of(request, rows.filter(state=state) if state else rows),
        "chips": chips(request, "state", options, ""),
    }
    return page(request, "run_list.html", context)


def _searched(request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    words = request.GET.get("q", "").strip()
    state = request.GET.get("state", "")
    if state in DELIVERY.labels:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(Q(record__key__icontains=words) | Q(record__label__icontains=words))
    return rows


def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one run: its counts, why it ended so, and its deliveries."""
    run = one_of(
        request, Run.objects.select_related("client", "workflow", "stream__connection"), pk
    )
    rows = run.deliveries.select_related("record", "connection")
    counts = dict(rows.values_list("state").annotate(Count("pk")).order_by())
    options = [("", "All", sum(counts.values()))] + [
        (state, label, counts[state]) for state, label in DELIVERY.choices if counts.get(state)
    ]
    context = {
        "run": run,
        "page": page_of(request, _searched(request, rows).order_by("-id")),
        "chips": chips(request, "state", options, ""),
        "going": run.state == RUN.start,
        "closed": run.delivered + run.unchanged + run.dropped,
    }
    return page(request, "run_detail.html", context)
