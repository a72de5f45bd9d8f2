"""Evidence of change control for an auditor: pick a period, get a workbook or a paper."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from branding.pdf import PdfUnavailable, evidence_pdf
from branding.services.evidence import evidence_workbook as workbook
from branding.services.evidence import in_words
from branding.services.identity import current_identity
from branding.viewer import viewer_of
from governance.evidence import Evidence, Period
from governance.requests import actor_of
from governance.services.evidence import collect
from tenants.accounts.pages.frame import page

MOST_DAYS: Final = 400
_WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
                f"At most {MOST_DAYS} days fit into one export. Choose a shorter period."
            )
        return data

    def period(self) -> Period:
        """Return what was chosen, in whole days of the viewer."""
        data = self.cleaned_data
        return Period(_midnight(data["since"]), _midnight(data["until"] + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _last_month(today: date) -> dict[str, str]:
    last = today.replace(day=1) - timedelta(days=1)
    return {"since": last.replace(day=1).isoformat(), "until": last.isoformat()}


def _form(request: HttpRequest) -> PeriodForm:
    return PeriodForm(request.GET if request.GET else _last_month(timezone.localdate()))


@require_GET
def evidence(request: HttpRequest) -> HttpResponse:
    """Let a period be chosen, the last month at first."""
    form = _form(request)
    return page(request, "branding/evidence.html", {"form": form, "valid": form.is_valid()})


@require_GET
def evidence_workbook(request: HttpRequest) -> HttpResponse:
    """Send the period's evidence as a workbook, complete."""
    form = _form(request)
    if not form.is_valid():
        return _again(request, form)
    found = _collected(request, form, "xlsx")
    return _file(workbook(found), _WORKBOOK, form, "xlsx")


@require_GET
def evidence_paper(request: HttpRequest) -> HttpResponse:
    """Send the period's evidence as a paper under the brand; where none can be drawn, say so."""
    form = _form(request)
    if not form.is_valid():
        return _again(request, form)
    found = _collected(request, form, "pdf")
    try:
        content = evidence_pdf(found, current_identity(), viewer_of(request))
    except PdfUnavailable as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(f"{reverse('evidence')}?{request.GET.urlencode()}")
    return _file(content, "application/pdf", form, "pdf")


def _collected(request: HttpRequest, form: PeriodForm, kind: str) -> Evidence:
    return in_words(collect(actor_of(request), form.period(), kind), current_identity().nouns)


def _again(request: HttpRequest, form: PeriodForm) -> HttpResponse:
    for problems in form.errors.values():
        messages.error(request, str(problems[0]))
    return HttpResponseRedirect(f"{reverse('evidence')}?{request.GET.urlencode()}")


def _file(content: bytes, kind: str, form: PeriodForm, ending: str) -> HttpResponse:
    data = form.cleaned_data
    name = f"evidence-{data['since']:%Y%m%d}-{data['until']:%Y%m%d}.{ending}"
    return HttpResponse(
        content,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
