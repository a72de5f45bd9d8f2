"""What the pages of usage and statements share between staff and clients."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from branding.commercial.months import Month
from branding.commercial.rows import rows_of_draft, rows_of_statement
from branding.formats import date_text
from branding.models import Statement
from branding.services.papers import Order, Standing, standing, statement_order
from branding.services.statements import GRACE, ClientMonth
from branding.services.usage import day_of, used_by_workflow
from branding.viewer import Viewer, viewer_of
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import page

BACK_MONTHS = 36


def month_in(request: HttpRequest, today: date) -> Month:
    """Return the month of `?month=`, this one without it and for one to come, in which nothing
    was used; 404 for one that is none.
    """
    text, now = request.GET.get("month", ""), Month.of(today)
    return min(month_or_404(text), now) if text else now


def month_or_404(text: str) -> Month:
    """Return the month of `2026-11`, or answer 404."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise Http404 from error


def month_steps(month: Month, today: date) -> dict[str, Month | None]:
    """Return the months before and after, as far as there is something to see."""
    now = Month.of(today)
    return {
        "month": month,
        "earlier": month.plus(-1) if month > now.plus(-BACK_MONTHS) else None,
        "later": month.plus(1) if month < now else None,
    }


def today_of(client: Client) -> date:
    """Return the client's own day."""
    return day_of(timezone.now(), client.time_zone)


def usage_context(request: HttpRequest, seen: ClientMonth) -> dict[str, Any]:
    """Return what the page of a client's usage shows."""
    today = today_of(seen.client)
    month = seen.draft.month
    return {
        "client": seen.client,
        "seen": seen,
        "tone": tone_of(seen),
        "points": _points(viewer_of(request), month, seen.by_day, today),
        "workflows": used_by_workflow(seen.client.pk, month),
        **month_steps(month, today),
    }


def tone_of(seen: ClientMonth) -> str:
    """Return how the month stands against what is included: ok, warn (will pass), bad."""
    included = seen.draft.included
    if seen.draft.is_empty or seen.draft.used > included:
        return "bad" if seen.draft.used else "idle"
    return "warn" if seen.forecast.volume > included else "ok"


def _points(
    viewer: Viewer, month: Month, by_day: Mapping[date, int], today: date
) -> list[tuple[str, int | None]]:
    """Return a row per day; days to come have no number."""
    days = [date(month.year, month.number, number) for number in range(1, month.days + 1)]
    return [
        (date_text(day, viewer, day), None if day > today else by_day.get(day, 0)) for day in days
    ]


def draft_context(seen: ClientMonth) -> dict[str, Any]:
    """Return what the page of a draft shows."""
    return {
        "client": seen.client,
        "seen": seen,
        "draft": seen.draft,
        "month": seen.draft.month,
        "rows": rows_of_draft(seen.draft),
        "outside": seen.draft.outside,
        "is_over": today_of(seen.client) > seen.draft.month.last,
        "may_be_issued": today_of(seen.client) > seen.draft.month.last + GRACE,
    }


def issued_context(statement: Statement) -> dict[str, Any]:
    """Return what the page of an issued statement shows."""
    return {
        "client": statement.client,
        "statement": statement,
        "month": statement.period,
        "rows": rows_of_statement(statement.lines.all(), statement.currency),
        "outside": statement.outside,
    }


def statement_or_404(number: int, client_id: int | None = None) -> Statement:
    """Return an issued statement by its number; of one client only when that is given."""
    rows = Statement.objects.select_related("client").prefetch_related("lines")
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    return get_object_or_404(rows, number=number)


def pdf_answer(request: HttpRequest, statement: Statement) -> HttpResponse:
    """Answer with the statement as a file once a worker has drawn it; see `paper_answer`."""
    back = reverse("statement_issued", args=[statement.number])
    name = f"statement-{statement.number}.pdf"
    return paper_answer(request, statement_order(statement), name, back, "Statement")


def paper_answer(
    request: HttpRequest, order: Order, file_name: str, back: str, back_label: str
) -> HttpResponse:
    """Answer with a document as a file, or with a page that waits for it.

    The page looks again by itself; where the document cannot be drawn, the page it belongs to
    says why.
    """
    found = standing(order)
    if request.headers.get("HX-Request"):
        return _waiting(request, found, back, back_label)
    if found.content is not None:
        headers = {
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Cache-Control": "private, no-store",
        }
        return HttpResponse(found.content, content_type="application/pdf", headers=headers)
    if found.problem:
        messages.error(request, found.problem)
        return HttpResponseRedirect(back)
    return _waiting(request, found, back, back_label)


def _waiting(request: HttpRequest, found: Standing, back: str, back_label: str) -> HttpResponse:
    context = {
        "ready": found.content is not None,
        "problem": found.problem,
        "idle": found.idle,
        "address": request.get_full_path(),
        "back": back,
        "back_label": back_label,
    }
    answer = page(request, "branding/commercial/paper_wait.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer
