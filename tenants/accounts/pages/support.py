"""Support access: the partner's grants and who came in; and the door that operators come by."""

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from governance.lists import page_of
from governance.requests import actor_of
from tenants.accounts.models import SupportGrant
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.services import support
from tenants.accounts.support_user import SESSION_KEY, support_of


class GrantForm(forms.Form):
    """What support may do, for how long, and why."""

    level = forms.ChoiceField(
        label="Support may", choices=SupportGrant.Level.choices, widget=forms.RadioSelect
    )
    hours = forms.IntegerField(
        label="For how many hours",
        min_value=1,
        max_value=support.MAX_HOURS,
        initial=4,
        help_text=f"At most {support.MAX_HOURS}. You can take it back at any time.",
    )
    reason = forms.CharField(
        label="Why", max_length=300, help_text="Support reads it, and it stays in the audit trail."
    )


@require_http_methods(["GET", "POST"])
def support_list(request: HttpRequest) -> HttpResponse:
    """Show who may come in and who was here; let support in."""
    actor = actor_of(request)
    form = GrantForm(request.POST or None, initial={"level": SupportGrant.Level.READ})

    def give() -> SupportGrant:
        return support.give_grant(actor, **form.cleaned_data)

    given = attempt(form, give) if request.method == "POST" else None
    if given:
        messages.success(request, "Support can come in now. You see here when they do.")
        return HttpResponseRedirect(reverse("support_list"))
    grants = SupportGrant.objects.select_related("granted_by").prefetch_related("visits")
    rows = page_of(request, grants)
    context = {
        "form": form,
        "page": rows,
        "rows": [(grant, _trail_of(grant)) for grant in rows],
    }
    return page(request, "accounts/support/list.html", context)


def _trail_of(grant: SupportGrant) -> str:
    return f"{reverse('audit_list')}?{urlencode({'who': f'support:{grant.pk}'})}"


@require_POST
def support_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a grant back; whoever is in is out."""
    support.revoke_grant(actor_of(request), get_object_or_404(SupportGrant, pk=pk))
    messages.success(request, "Support can no longer come in under this grant.")
    return HttpResponseRedirect(reverse("support_list"))


@never_cache
@require_http_methods(["GET", "POST"])
def support_enter(request: HttpRequest, secret: str) -> HttpResponse:
    """Let an operator in who brings a ticket from the console.

    Opening the address shows what it is; only the button uses it up, so that a link that is
    merely followed signs nobody in. Whoever is signed in here stays who they are.
    """
    template = "accounts/support/enter.html"
    if request.user.is_authenticated:
        return render(request, template, {"taken": True}, status=409)
    entered = request.method == "POST"
    visit = support.enter(secret) if entered else support.visit_of_ticket(secret)
    if visit is None:
        return render(request, template, {"expired": True}, status=410)
    if not entered:
        return render(request, template, {"visit": visit})
    request.session.flush()
    request.session[SESSION_KEY] = visit.pk
    request.session.set_expiry(visit.grant.expires_at)
    rotate_token(request)
    return HttpResponseRedirect("/")


@require_POST
def support_leave(request: HttpRequest) -> HttpResponse:
    """End an operator's stay."""
    stand_in = support_of(request)
    if stand_in is None:
        raise Http404
    support.end(stand_in.visit)
    request.session.flush()
    request.user = AnonymousUser()
    return render(request, "accounts/support/left.html")
