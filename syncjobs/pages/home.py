"""First pages: the partner's overview, the client's home, one client for staff."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from governance.requests import actor_of
from syncjobs.indicators.attention import needs
from syncjobs.indicators.billing import unbilled, worked_hours
from syncjobs.indicators.health import health_of
from syncjobs.indicators.stakes import stakes_of_issues
from syncjobs.indicators.throughput import throughput
from syncjobs.models import Issue, Run
from syncjobs.pages.frame import page
from syncjobs.pages.runs import MOVED
from syncjobs.pages.workflows import ROWS, counted
from syncjobs.state import ISSUE
from tenants.accounts.models import Client, User


def overview(request: HttpRequest) -> HttpResponse:
    """Show staff what needs somebody, how each client is, and the money on its way."""
    actor = actor_of(request)
    clients = Client.objects.exclude(status=Client.Status.LEFT)
    names = {client.pk: client for client in clients}
    health = health_of(clients)
    context = {
        "may": actor.permissions,
        "needs": needs(actor),
        "health": health,
        "held": sum(one.held for one in health),
        "throughput": throughput(),
        "hours": worked_hours(),
        "unbilled": [(names.get(row.client_id), row) for row in unbilled()],
        "latest": Run.objects.filter(MOVED).select_related(
            "client", "workflow", "stream__connection"
        )[:6],
    }
    return page(request, "overview.html", context)


def home(request: HttpRequest) -> HttpResponse:
    """Show a client's person what needs them, and how their workflows do."""
    actor = actor_of(request)
    client = get_object_or_404(Client, pk=actor.client_id)
    context = {
        "client": client,
        "may": actor.permissions,
        "needs": needs(actor),
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
        "people": User.objects.filter(client=client).prefetch_related("role_grants"),
    }
    return page(request, "client_detail.html", context)
