"""The console's pages: thin doors to the services."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.lists import chips, page_of
from governance.requests import actor_of
from tenants.accounts.models import SupportGrant
from tenants.accounts.services import support
from tenants.console import queries
from tenants.console.forms import HostForm, PartnerForm, ReasonForm, show_problems
from tenants.doors import operator_page
from tenants.hosts import base_url
from tenants.models import Domain, Partner
from tenants.services import hosts, suspension
from tenants.services.diagnosis import Level, diagnose, worst
from tenants.services.owner_invitation import Provisioned, invite_owner, renew_invitation
from tenants.services.provisioning import ProvisioningError, provision_partner


def _to(partner_pk: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("partner_detail", args=[partner_pk]))


@require_GET
@operator_page("partners.view")
def partner_list(request: HttpRequest) -> HttpResponse:
    """Every partner, with status and hosts."""
    page = page_of(request, queries.partners(request))
    context = {
        "page": page,
        "rows": queries.rows_of(page),
        "empty": page.paginator.count == 0,
        "may_manage": actor_of(request).can("partners.manage"),
        "filters": chips(request, "status", queries.status_options(), ""),
        "is_narrowed": bool(request.GET.get("q") or request.GET.get("status")),
    }
    return render(request, "console/partner_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@operator_page("partners.manage")
def partner_add(request: HttpRequest) -> HttpResponse:
    """Set up a partner, then show the owner's link once."""
    form = PartnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        send = data.pop("send")
        try:
            made = provision_partner(actor_of(request), **data)
        except ValidationError as error:
            show_problems(form, error)
        except ProvisioningError as error:
            form.add_error(None, str(error))
        else:
            return _made(request, made, send=send)
    return render(request, "console/partner_add.html", {"form": form})


def _made(request: HttpRequest, made: Provisioned, *, send: bool) -> HttpResponse:
    if send:
        invite_owner(made, actor_of(request).label)
    context = {"made": made, "partner": made.partner, "sent": send}
    return render(request, "console/partner_made.html", context)


@require_GET
@operator_page("partners.view")
def partner_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One partner: status, hosts, schema, what operators did."""
    partner = get_object_or_404(Partner, pk=pk)
    return _detail(request, partner, ReasonForm(), HostForm())


def _detail(
    request: HttpRequest,
    partner: Partner,
    reason_form: ReasonForm,
    host_form: HostForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "partner": partner,
        "hosts": queries.hosts_of(partner),
        "state": queries.states_of([partner.schema_name])[partner.schema_name],
        "history": queries.history_of(partner),
        "reason_form": reason_form,
        "host_form": host_form,
        "may_manage": actor_of(request).can("partners.manage"),
        "grants": support.open_grants(partner) if partner.status == "active" else [],
        "support_form": ReasonForm(prefix="support"),
    }
    return render(request, "console/partner_detail.html", context, status=status)


@never_cache
@require_POST
@operator_page("partners.support")
def support_ask(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    """Show the way in to a partner that has let support in, once."""
    partner = get_object_or_404(Partner, pk=pk)
    form = ReasonForm(request.POST, prefix="support")
    if not form.is_valid():
        messages.error(request, "Say why you come in.")
        return _to(pk)
    try:
        ticket = support.ask_in(actor_of(request), partner, grant, form.cleaned_data["reason"])
    except SupportGrant.DoesNotExist as missing:
        raise Http404 from missing
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _to(pk)
    path = reverse("support_enter", urlconf="config.urls_admin", args=[ticket.secret])
    address = base_url(partner.schema_name, "admin") + path
    context = {"partner": partner, "visit": ticket.visit, "address": address}
    return render(request, "console/support_ticket.html", context)


def _change_status(
    request: HttpRequest, pk: int, change: Callable[..., Partner], done: str
) -> HttpResponse:
    partner = get_object_or_404(Partner, pk=pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            change(actor_of(request), partner, form.cleaned_data["reason"])
        except ValidationError as error:
            show_problems(form, error)
        else:
            messages.success(request, f"{partner.name} {done}.")
            return _to(pk)
    return _detail(request, partner, form, HostForm(), status=422)


@require_POST
@operator_page("partners.manage")
def partner_suspend(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a partner's hosts and work."""
    return _change_status(request, pk, suspension.suspend_partner, "is suspended")


@require_POST
@operator_page("partners.manage")
def partner_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a partner's hosts and work go on."""
    return _change_status(request, pk, suspension.resume_partner, "goes on")


@never_cache
@require_POST
@operator_page("partners.manage")
def partner_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a fresh link for the first owner, who has not come in yet."""
    partner = get_object_or_404(Partner, pk=pk)
    try:
        made = renew_invitation(actor_of(request), partner)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _to(pk)
    return _made(request, made, send=False)


@require_POST
@operator_page("partners.manage")
def host_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a host of the partner's own domain."""
    partner = get_object_or_404(Partner, pk=pk)
    form = HostForm(request.POST)
    if form.is_valid():
        try:
            hosts.add_host(actor_of(request), partner, **form.cleaned_data)
        except ValidationError as error:
            show_problems(form, error)
        else:
            messages.success(
                request, "Added. It is served once proved, or once you put it into service."
            )
            return _to(pk)
    return _detail(request, partner, ReasonForm(), form, status=422)


@require_GET
@operator_page("partners.view")
def domain_overview(request: HttpRequest) -> HttpResponse:
    """Every domain of every partner, those that need somebody by filter."""
    page = page_of(request, queries.domains(request))
    context = {
        "page": page,
        "empty": page.paginator.count == 0,
        "filters": chips(request, "state", queries.domain_options(), ""),
    }
    return render(request, "console/domain_overview.html", context)


def _change_host(request: HttpRequest, pk: int, change: Callable[..., Domain]) -> HttpResponse:
    domain = get_object_or_404(Domain, pk=pk)
    try:
        changed = change(actor_of(request), domain)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{changed.domain}: {changed.get_state_display().lower()}.")
    return _to(domain.tenant_id)


@require_POST
@operator_page("partners.manage")
def host_activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a host into service."""
    return _change_host(request, pk, hosts.activate_host)


@require_POST
@operator_page("partners.manage")
def host_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a host out of service."""
    return _change_host(request, pk, hosts.remove_host)


@require_GET
@operator_page("partners.view")
def health_overview(request: HttpRequest) -> HttpResponse:
    """What `manage.py doctor` says, worst first."""
    findings = diagnose()
    order = list(Level)
    context = {
        "findings": sorted(findings, key=lambda found: -order.index(found.level)),
        "level": worst(findings).value,
        "counts": {level.value: sum(f.level is level for f in findings) for level in Level},
    }
    return render(request, "console/health.html", context)
