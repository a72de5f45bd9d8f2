"""A client's own usage and statements. No other client's, and nothing of the partner's."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from branding.commercial.months import Month
from branding.commercial.pages import (
    draft_context,
    issued_context,
    month_in,
    month_or_404,
    pdf_answer,
    statement_or_404,
    today_of,
    usage_context,
)
from branding.commercial.sheet import csv_answer, sheet_of, sheet_of_draft
from branding.models import Statement, Subscription
from branding.services.statements import client_month
from governance.requests import actor_of
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import page

DRAFTS_SHOWN = 12


def _client(request: HttpRequest) -> Client:
    return get_object_or_404(Client, pk=actor_of(request).client_id)


@require_GET
def usage(request: HttpRequest) -> HttpResponse:
    """Show what was used, what is included, and what the month will come to."""
    client = _client(request)
    month = month_in(request, today_of(client))
    context = usage_context(request, client_month(client, month))
    return page(request, "branding/portal/usage.html", context)


@require_GET
def statement_list(request: HttpRequest) -> HttpResponse:
    """Show the statements so far, and the drafts of months without one."""
    client = _client(request)
    issued = list(Statement.objects.filter(client=client).order_by("-month"))
    drafts = [client_month(client, month) for month in _open_months(client, issued)]
    context = {
        "client": client,
        "issued": issued,
        "drafts": [one for one in drafts if not one.draft.is_empty],
    }
    return page(request, "branding/portal/statement_list.html", context)


def _open_months(client: Client, issued: list[Statement]) -> list[Month]:
    """The months since the first subscription that have no statement, newest first."""
    first = Subscription.objects.filter(client=client).order_by("starts_on").first()
    if first is None:
        return []
    now, done = Month.of(today_of(client)), {statement.period for statement in issued}
    months = [now.plus(-number) for number in range(DRAFTS_SHOWN)]
    return [one for one in months if one >= Month.of(first.starts_on) and one not in done]


@require_GET
def statement_draft(request: HttpRequest, month: str) -> HttpResponse:
    """Show a month as it stands; once it is issued, the statement."""
    client, wanted = _client(request), month_or_404(month)
    statement = Statement.objects.filter(client=client, month=wanted.first).first()
    if statement:
        return HttpResponseRedirect(reverse("statement_issued", args=[statement.number]))
    context = draft_context(client_month(client, wanted))
    return page(request, "branding/portal/statement.html", context)


@require_GET
def statement_issued(request: HttpRequest, number: int) -> HttpResponse:
    """Show an issued statement of the client's own."""
    context = issued_context(statement_or_404(number, _client(request).pk))
    return page(request, "branding/portal/statement.html", context)


@require_GET
def statement_file(request: HttpRequest, number: int) -> HttpResponse:
    """Give an issued statement of the client's own as PDF."""
    return pdf_answer(request, statement_or_404(number, _client(request).pk))


@require_GET
def statement_table(request: HttpRequest, number: int) -> HttpResponse:
    """Give an issued statement of the client's own as CSV."""
    return csv_answer(sheet_of(statement_or_404(number, _client(request).pk)))


@require_GET
def statement_draft_table(request: HttpRequest, month: str) -> HttpResponse:
    """Give the client's own month as it stands as CSV."""
    return csv_answer(sheet_of_draft(client_month(_client(request), month_or_404(month))))
