"""First pages: the partner's overview, the client's home, one client for staff."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from branding.commercial.months import Month
from branding.services.revenue import revenue_of_month
from governance.requests import actor_of
from syncjobs.indicators.attention import needs
from syncjobs.indicators.billing import unbilled, worked_hours
from syncjobs.indicators.engagements.chosen import foremost
from syncjobs.indicators.health import health_of, health_of_everybody, totals_of
from syncjobs.indicators.onboarding import checklist
from syncjobs.indicators.stakes import stakes_of_issues
from syncjobs.indicators.throughput import throughput
from syncjobs.models import Issue, Run
from syncjobs.pages.frame import page
from syncjobs.pages.runs import MOVED
from syncjobs.pages.workflows import ROWS, counted
from syncjobs.state import ISSUE
from tenants.accounts.models import Client, User
from tenants.models import Partner
from tenants.services.onboarding import dismiss

CLIENTS_SHOWN = 15
UNBILLED_SHOWN = 10


def overview(request: HttpRequest) -> HttpResponse:
    """Show staff what needs somebody and how each client is, the worst first.

    A page with few queries however many clients there are; the money and the charts are
    pages of their own, which the browser puts into this one.
    """
    health = health_of_everybody()
    context = {
        "may": actor_of(request).permissions,
        "checklist": checklist(request),
        "needs": needs(request),
        "page": Paginator(health, CLIENTS_SHOWN).get_page(request.GET.get("page")),
        "totals": totals_of(health),
    }
    return page(request, "overview.html", context)


def onboarding_dismiss(request: HttpRequest) -> HttpResponse:
    """Put the checklist away, or one of its steps."""
    partner = getattr(request, "tenant", None)
    if isinstance(partner, Partner):
        dismiss(actor_of(request), partner, step=request.POST.get("step", ""))
    return HttpResponseRedirect(reverse("overview"))


def overview_money(request: HttpRequest) -> HttpResponse:
    """Show the money on its way to billing and, to those who see prices, the month's revenue."""
    rows = unbilled()[:UNBILLED_SHOWN]
    names = Client.objects.in_bulk({row.client_id for row in rows})
    context: dict[str, Any] = {"unbilled": [(names[row.client_id], row) for row in rows]}
    if actor_of(request).can("prices.view"):
        context |= {"month": Month.of(timezone.localdate()), "revenue": revenue_of_month()}
    return page(request, "overview_money.html", context | _inside(request))


def overview_activity(request: HttpRequest) -> HttpResponse:
    """Show the latest changes and the charts."""
    context = {
        "may": actor_of(request).permissions,
        "throughput": throughput(),
        "hours": worked_hours(),
        "latest": Run.objects.filter(MOVED).select_related(
            "client", "workflow", "stream__connection"
        )[:6],
    }
    return page(request, "overview_activity.html", context | _inside(request))


def _inside(request: HttpRequest) -> dict[str, object]:
    """Leave the frame out of what the browser puts into a page that has one."""
    inside = request.headers.get("HX-Request") == "true"
    return {"base": "syncjobs/parts/bare.html", "inside": True} if inside else {}


def home(request: HttpRequest) -> HttpResponse:
    """Show a client's person what needs them, and how their workflows do."""
    actor = actor_of(request)
    client = get_object_or_404(Client, pk=actor.client_id)
    context = {
        "client": client,
        "may": actor.permissions,
        "needs": needs(request),
        "health": health_of([client])[0],
        "throughput": throughput(client.pk),
        "hours": worked_hours(client.pk),
        "unbilled": unbilled(client.pk),
        "workflows": ROWS.filter(client=client).annotate(**counted()),
    }
    return page(request, "home.html", context)


def client_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show staff one client: health, workflows, connections, exceptions, people."""
    client = get_object_or_404(Client, pk=pk)
    issues = list(
        Issue.objects.filter(client=client, state__in=sorted(ISSUE.open)).select_related("workflow")
    )
    stakes = stakes_of_issues(one.pk for one in issues)
    context = {
        "client": client,
        "may": actor_of(request).permissions,
        "health": health_of([client])[0],
        "throughput": throughput(client.pk),
        "hours": worked_hours(client.pk),
        "unbilled": unbilled(client.pk),
        "workflows": ROWS.filter(client=client).annotate(**counted()),
        "connections": client.connections.all(),
        "issues": [(one, stakes.get(one.pk, [])) for one in issues[:8]],
        "engagements": foremost(client.pk) if actor_of(request).can("records.view") else None,
        "people": User.objects.filter(client=client).prefetch_related("role_grants"),
    }
    return page(request, "client_detail.html", context)
