"""A partner's domains: the list, adding one, the records it needs, checking, removing."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.actors import Actor
from governance.lists import page_of
from governance.requests import actor_of
from tenants.accounts.pages.frame import attempt, page, say_refusal
from tenants.admin.forms import DomainForm
from tenants.context import current_schema
from tenants.hosts import base_url
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import check_now
from tenants.services.domain_records import records_of

Change = Callable[[Actor, Domain], Domain]


def _partner(request: HttpRequest) -> Partner:
    partner = getattr(request, "tenant", None)
    assert isinstance(partner, Partner)
    return partner


def _domain(request: HttpRequest, pk: int) -> Domain:
    rows = domains.own_domains(_partner(request)).select_related("tenant")
    return get_object_or_404(rows, pk=pk)


def _to(domain: Domain) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("domain_detail", args=[domain.pk]))


@require_GET
def domain_list(request: HttpRequest) -> HttpResponse:
    """Show every address at which the partner is served, or is to be."""
    rows = domains.own_domains(_partner(request)).order_by("kind", "domain")
    return page(request, "tenants/domain_list.html", {"page": page_of(request, rows)})


@require_http_methods(["GET", "POST"])
def domain_add(request: HttpRequest) -> HttpResponse:
    """Add a name, then show the records that it needs."""
    form = DomainForm(request.POST or None)

    def add() -> Domain:
        data = form.cleaned_data
        return domains.add_domain(
            actor_of(request), _partner(request), data["domain"], data["kind"]
        )

    made = attempt(form, add) if request.method == "POST" else None
    return _to(made) if made else page(request, "tenants/domain_add.html", {"form": form})


@require_GET
def domain_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how one name stands and what to do next."""
    domain = _domain(request, pk)
    context = {"domain": domain, "records": records_of(domain)}
    return page(request, "tenants/domain_detail.html", context)


def _changed(request: HttpRequest, pk: int, change: Change) -> HttpResponse:
    domain = _domain(request, pk)
    try:
        after = change(actor_of(request), domain)
    except ValidationError as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"{after.domain}: {after.get_state_display().lower()}.")
    return _to(domain)


@require_POST
def domain_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Look in DNS now."""
    return _changed(request, pk, check_now)


@require_POST
def domain_activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve a proved name by the owner's word."""
    return _changed(request, pk, domains.activate_domain)


@require_POST
def domain_primary(request: HttpRequest, pk: int) -> HttpResponse:
    """Let mails and invitations use this name."""
    return _changed(request, pk, domains.choose_for_links)


@require_http_methods(["GET", "POST"])
def domain_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what stops, then stop it."""
    domain = _domain(request, pk)
    if request.method == "GET":
        return page(request, "tenants/domain_remove.html", {"domain": domain})
    try:
        domains.remove_domain(actor_of(request), domain)
    except ValidationError as error:
        say_refusal(request, error)
        return _to(domain)
    messages.success(request, f"{domain.domain} is removed and no longer served.")
    # Whoever came by the name that is gone goes on at another address.
    gone_from_here = request.get_host().partition(":")[0].lower().rstrip(".") == domain.domain
    base = base_url(current_schema(), Domain.Kind.ADMIN) if gone_from_here else ""
    return HttpResponseRedirect(base + reverse("domain_list"))
