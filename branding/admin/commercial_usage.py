"""Usage and statements of all clients, for staff."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from branding.commercial.billing import Draft
from branding.commercial.margins import Margin, margin_of
from branding.commercial.months import Month
from branding.commercial.pages import (
    draft_context,
    issued_context,
    month_in,
    month_or_404,
    month_steps,
    pdf_answer,
    statement_or_404,
    today_of,
    tone_of,
    usage_context,
)
from branding.commercial.sheet import csv_answer, sheet_of, sheet_of_draft
from branding.models import Statement
from branding.services.fee_changes import waiting_fees
from branding.services.statements import (
    ClientMonth,
    client_month,
    client_months,
    issue_statement,
    recompute,
)
from governance.lists import PER_PAGE, chips
from governance.requests import actor_of
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import page, say_refusal

OVER, NEAR = "over", "near"


def _months(request: HttpRequest, month: Month) -> list[ClientMonth]:
    """The month of each client that there is something to say about, by name."""
    words = request.GET.get("q", "").strip()[:100]
    clients = Client.objects.filter(name__icontains=words) if words else Client.objects.all()
    seen = client_months(clients.order_by("name", "pk"), month)
    return [one for one in seen if one.draft.used or not one.draft.is_empty]


def _forecasts(seen: list[ClientMonth]) -> dict[str, tuple[Decimal, Decimal]]:
    """Return currency → cost so far and at the end; currencies are never added together."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for one in seen:
        if one.draft.currency:
            cost, end = sums.get(one.draft.currency, (Decimal(0), Decimal(0)))
            sums[one.draft.currency] = (cost + one.draft.total, end + one.forecast.cost)
    return dict(sorted(sums.items()))


def _totals(seen: list[ClientMonth], issued: Mapping[int, Statement]) -> dict[str, Decimal]:
    """Return currency → the sum of what is issued and, where nothing is, of the drafts."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in seen:
        statement = issued.get(one.client.pk)
        if statement:
            sums[statement.currency] += statement.total
        elif one.draft.currency:
            sums[one.draft.currency] += one.draft.total
    return dict(sorted(sums.items()))


def _sees_margins(request: HttpRequest) -> bool:
    return "prices.view" in actor_of(request).permissions


def _margin(request: HttpRequest, draft: Draft, total: Decimal | None = None) -> Margin | None:
    return margin_of(draft, total) if _sees_margins(request) else None


def _listed(
    request: HttpRequest, one: ClientMonth, statement: Statement | None
) -> dict[str, object]:
    total = statement.rounded_total if statement else None
    return {"seen": one, "statement": statement, "margin": _margin(request, one.draft, total)}


def _sort_key(one: ClientMonth) -> tuple[Decimal, str]:
    """Those furthest over their allowance first."""
    fullness = Decimal(one.forecast.volume) / (one.draft.included or 1)
    return -fullness, one.client.name


@require_GET
def usage_overview(request: HttpRequest) -> HttpResponse:
    """Show every client's usage against what it has included, the fullest first."""
    today = timezone.localdate()
    month = month_in(request, today)
    everything = sorted(_months(request, month), key=_sort_key)
    groups = {
        "": everything,
        OVER: [one for one in everything if tone_of(one) == "bad"],
        NEAR: [one for one in everything if tone_of(one) == "warn"],
    }
    options: list[tuple[str, str, int | None]] = [
        ("", "All", len(everything)),
        (OVER, "Over", len(groups[OVER])),
        (NEAR, "Will pass", len(groups[NEAR])),
    ]
    shown = groups.get(request.GET.get("show", ""), everything)
    rows = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": rows,
        "rows": [{"seen": one, "tone": tone_of(one)} for one in rows],
        "chips": chips(request, "show", options, ""),
        "used": sum(one.draft.used for one in everything),
        "totals": _forecasts(everything),
        **month_steps(month, today),
    }
    return page(request, "branding/commercial/usage_overview.html", context)


@require_GET
def usage_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one client's usage by day and workflow."""
    client = get_object_or_404(Client, pk=pk)
    month = month_in(request, today_of(client))
    seen = client_month(client, month)
    context = {**usage_context(request, seen), "margin": _margin(request, seen.draft)}
    return page(request, "branding/commercial/usage.html", context)


@require_GET
def statement_list(request: HttpRequest) -> HttpResponse:
    """Show a month's statements: those issued, and the drafts of the others."""
    today = timezone.localdate()
    month = month_in(request, today)
    seen = _months(request, month)
    issued = {
        statement.client_id: statement
        for statement in Statement.objects.filter(
            month=month.first, client_id__in=[one.client.pk for one in seen]
        )
    }
    groups = {
        "": ("All", seen),
        "draft": ("Drafts", [one for one in seen if one.client.pk not in issued]),
        "issued": ("Issued", [one for one in seen if one.client.pk in issued]),
    }
    options: list[tuple[str, str, int | None]] = [
        (value, label, len(some)) for value, (label, some) in groups.items()
    ]
    shown = groups.get(request.GET.get("show", ""), groups[""])[1]
    rows = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": rows,
        "rows": [_listed(request, one, issued.get(one.client.pk)) for one in rows],
        "margins": any(_margin(request, one.draft) for one in rows),
        "chips": chips(request, "show", options, ""),
        "totals": _totals(seen, issued),
        **month_steps(month, today),
    }
    return page(request, "branding/commercial/statement_list.html", context)


@require_GET
def statement_draft(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    """Show a client's month as it stands; once it is issued, the statement."""
    client = get_object_or_404(Client, pk=pk)
    wanted = month_or_404(month)
    statement = Statement.objects.filter(client=client, month=wanted.first).first()
    if statement:
        return HttpResponseRedirect(reverse("statement_issued", args=[statement.number]))
    seen = client_month(client, wanted)
    context = {
        **draft_context(seen),
        "waiting": waiting_fees(client, wanted),
        "margin": _margin(request, seen.draft),
    }
    return page(request, "branding/commercial/statement.html", context)


@require_POST
def statement_issue(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    """Make a draft final."""
    client = get_object_or_404(Client, pk=pk)
    try:
        statement = issue_statement(actor_of(request), client, month_or_404(month))
    except ValidationError as error:
        say_refusal(request, error)
        return HttpResponseRedirect(reverse("statement_draft", args=[pk, month]))
    messages.success(request, f"{statement} was issued.")
    return HttpResponseRedirect(reverse("statement_issued", args=[statement.number]))


@require_GET
def statement_issued(request: HttpRequest, number: int) -> HttpResponse:
    """Show an issued statement."""
    statement = statement_or_404(number)
    margin = None
    if _sees_margins(request):
        margin = margin_of(recompute(statement), statement.rounded_total)
    context = {**issued_context(statement), "margin": margin}
    return page(request, "branding/commercial/statement.html", context)


@require_GET
def statement_file(request: HttpRequest, number: int) -> HttpResponse:
    """Give an issued statement as PDF."""
    return pdf_answer(request, statement_or_404(number))


@require_GET
def statement_table(request: HttpRequest, number: int) -> HttpResponse:
    """Give an issued statement as CSV."""
    return csv_answer(sheet_of(statement_or_404(number)))


@require_GET
def statement_draft_table(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    """Give a client's month as it stands as CSV."""
    client = get_object_or_404(Client, pk=pk)
    return csv_answer(sheet_of_draft(client_month(client, month_or_404(month))))
