"""Every component on one page, with made-up content. Served while debugging only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

_ROWS = (
    ("TE-10442", "Alder Consulting", "Time to billing", "held", "Tax code is missing", 14320),
    ("TE-10391", "Birch Systems", "Time to billing", "delivered", "", 1840),
    ("ML-0087", "Alder Consulting", "Milestone to invoice", "waiting", "Amendment unsigned", 48000),
    ("OP-2203", "Cedar Partners", "Opportunity to project", "failed", "Customer exists", None),
    ("IN-5518", "Birch Systems", "Payment status", "unchanged", "", -320),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    sign: str
    text: str


class _Form(forms.Form):
    email = forms.EmailField(label="Address", help_text="Where invoices go.")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Advisory"), ("b", "Delivery")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    agree = forms.BooleanField(label="Send a copy to finance")
    when = forms.ChoiceField(
        label="When", choices=[("now", "At once"), ("window", "In the next window")],
        widget=forms.RadioSelect,
    )  # fmt: skip


def styleguide(request: HttpRequest) -> HttpResponse:
    """The page. `?frame=staff` shows it in the staff's frame."""
    now = timezone.now()
    rows = [
        {"id": row[0], "client": row[1], "workflow": row[2], "status": row[3], "why": row[4],
         "amount": row[5], "at": now - timedelta(hours=7 * place)}
        for place, row in enumerate(_ROWS * 3)
    ]  # fmt: skip
    days = [(f"{day} Nov", 900 + day * 37 % 400, day % 4 * 11) for day in range(7, 21)]
    form = _Form({"email": "no-address", "kind": "a"})
    context = {
        "frame": "staff/base.html" if request.GET.get("frame") == "staff" else "portal/base.html",
        "page": Paginator(rows, 6).get_page(request.GET.get("page")),
        "days": days,
        "form": form,
        "now": now,
        "earlier": now - timedelta(days=3),
        "lines": [
            _Line(" ", "CustomerName  <- company.name"),
            _Line("-", "TaxRegNo      <- company.vat | trim"),
            _Line("+", "TaxRegNo      <- company.vat | trim | upper"),
        ],
        "tabs": [
            {"label": "Records", "url": "?tab=records", "active": True, "count": 1248},
            {"label": "Runs", "url": "?tab=runs", "active": False, "count": None},
            {"label": "Changes", "url": "?tab=changes", "active": False, "count": 3},
        ],
        "payload": {"number": "TE-10442", "hours": "7.50", "rate": "145.00", "billable": True},
        "statuses": ["delivered", "running", "held", "waiting", "retrying", "failed", "unchanged"],
    }
    return render(request, "branding/styleguide.html", context)
