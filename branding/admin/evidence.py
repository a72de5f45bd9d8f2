"""Evidence of change control for an auditor: pick a period, ask for a workbook or a paper."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from branding.models import EvidenceReport
from branding.reports import STORIES_IN_A_PART, Form
from branding.services.papers import SILENT_SECONDS
from branding.services.reports import ask_report, fetch_report, reports_of
from governance.errors import BadTransition
from governance.evidence import Period
from governance.lists import page_of
from governance.requests import actor_of
from tenants.accounts.pages.frame import page
from tenants.heartbeats import heartbeat_age

MOST_DAYS: Final = 400
_KINDS: Final = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


class PeriodForm(forms.Form):
    """The first and the last day, in the viewer's zone; both are part of it."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, or that is too long for one document."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            raise forms.ValidationError("The last day is before the first. Swap them.")
        if since and until and (until - since).days > MOST_DAYS:
            raise forms.ValidationError(
                f"At most {MOST_DAYS} days fit into one report. Choose a shorter period."
            )
        return data

    def chosen(self) -> Form:
        """Return the form that the button stands for; a paper, unless it says workbook."""
        return "xlsx" if self.data.get("form") == "xlsx" else "pdf"

    def period(self) -> Period:
        """Return what was chosen, in whole days of the viewer."""
        data = self.cleaned_data
        last = min(data["until"], date.max - timedelta(days=1))
        return Period(_midnight(data["since"]), _midnight(last + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _last_month(today: date) -> dict[str, str]:
    last = today.replace(day=1) - timedelta(days=1)
    return {"since": last.replace(day=1).isoformat(), "until": last.isoformat()}


@require_GET
def evidence(request: HttpRequest) -> HttpResponse:
    """Let a period be chosen, the last month at first, and list the reports so far.

    Whoever asked for one form finds the period again: the other is often wanted, too.
    """
    asked = {name: request.GET[name] for name in ("since", "until") if request.GET.get(name)}
    return _page(request, PeriodForm(asked or _last_month(timezone.localdate())))


@require_POST
def evidence_ask(request: HttpRequest) -> HttpResponse:
    """Let a report be drawn in the background."""
    form = PeriodForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    actor = actor_of(request)
    try:
        ask_report(actor, form.period(), form.chosen())
    except BadTransition as error:
        messages.info(request, str(error))
    else:
        mailed = (
            "You get a mail when it is ready." if actor.kind == "person" else "It appears below."
        )
        messages.success(request, f"Asked for. {mailed}")
    days = {name: f"{form.cleaned_data[name]:%Y-%m-%d}" for name in ("since", "until")}
    return HttpResponseRedirect(f"{reverse('evidence')}?{urlencode(days)}")


@require_GET
def evidence_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a report that is ready."""
    try:
        report, content = fetch_report(actor_of(request), pk)
    except EvidenceReport.DoesNotExist as error:
        raise Http404 from error
    except BadTransition as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("evidence"))
    name = report.file_name
    return HttpResponse(
        content,
        content_type=_KINDS[name.rpartition(".")[2]],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _page(request: HttpRequest, form: PeriodForm) -> HttpResponse:
    listed = page_of(request, reports_of(actor_of(request)).select_related("asked_by"))
    going = any(one.is_open for one in listed)
    age = heartbeat_age() if going else None
    context = {
        "form": form,
        "page": listed,
        "going": going,
        "idle": going and (age is None or age > SILENT_SECONDS),
        "days": settings.REPORT_DAYS,
        "stories": STORIES_IN_A_PART,
    }
    return page(request, "branding/evidence.html", context)
