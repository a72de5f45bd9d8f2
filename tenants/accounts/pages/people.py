"""People: the list, inviting, one person's roles, closing and opening an account."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.lists import chips, number_in, page_of
from governance.requests import actor_of
from tenants.accounts.models import Client, User
from tenants.accounts.pages.forms import InviteForm, RolesForm
from tenants.accounts.pages.frame import attempt, page, say_refusal, tabs
from tenants.accounts.services.inviting import Invited, invite_again, invite_person
from tenants.accounts.services.people import set_active, set_roles
from tenants.accounts.services.providers import provider_of
from tenants.accounts.services.second_factors import factors_of, label_of
from tenants.accounts.services.sign_in_rules import needs_factor
from tenants.nouns import in_words


def _people(request: HttpRequest) -> QuerySet[User]:
    """Everybody whom the actor may see at all: all, or the client's own."""
    actor = actor_of(request)
    everybody = User.objects.select_related("client").prefetch_related("role_grants")
    return everybody if actor.client_id is None else everybody.filter(client_id=actor.client_id)


def person_or_404(request: HttpRequest, pk: int) -> User:
    """Return somebody whom the actor may see."""
    return get_object_or_404(_people(request), pk=pk)


def _to(person: User) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("person_detail", args=[person.pk]))


def _searched(request: HttpRequest, people: QuerySet[User]) -> QuerySet[User]:
    words = request.GET.get("q", "").strip()[:100]
    if words:
        people = people.filter(
            Q(name__icontains=words) | Q(email__icontains=words) | Q(client__name__icontains=words)
        )
    wanted = number_in(request.GET.get("client", ""))
    return people if wanted is None else people.filter(client_id=wanted)


@require_GET
def person_list(request: HttpRequest) -> HttpResponse:
    """Show the people, staff first; a client's administrator sees the client's own."""
    people = _searched(request, _people(request))
    staff, clients = people.filter(kind="staff"), people.filter(kind="client")
    shown = {"staff": staff, "client": clients}.get(request.GET.get("kind", ""), people)
    options: list[tuple[str, str, int | None]] = [
        ("", "All", people.count()),
        ("staff", "Staff", staff.count()),
        ("client", in_words("Clients' people"), clients.count()),
    ]
    context = {
        "page": page_of(request, shown.order_by("-kind", "client__name", "name", "pk")),
        "chips": chips(request, "kind", options, ""),
        "tabs": tabs(request, "person_list"),
    }
    return page(request, "accounts/manage/person_list.html", context)


def _say_invited(request: HttpRequest, invited: Invited) -> None:
    if invited.sent:
        messages.success(request, f"The invitation is on its way to {invited.user.email}.")
    else:
        messages.warning(
            request,
            f"{invited.user.email} was sent a mail a moment ago. Wait a minute before the next.",
        )


@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody: staff or a client's people; from the portal, a colleague."""
    actor = actor_of(request)
    own = Client.objects.get(pk=actor.client_id) if actor.client_id is not None else None
    of_client = own is not None or request.GET.get("for") == "client"
    chosen = number_in(request.GET.get("client", "")) if own is None else None
    form = InviteForm(
        request.POST or None,
        actor=actor,
        of_client=of_client,
        clients=Client.objects.exclude(status="left") if of_client and own is None else None,
        initial={"client": chosen},
    )

    def invite() -> Invited:
        data = form.cleaned_data
        return invite_person(
            actor,
            email=data["email"],
            name=data["name"],
            roles=data["roles"],
            client=own or data.get("client"),
        )

    invited = attempt(form, invite) if request.method == "POST" else None
    if invited:
        _say_invited(request, invited)
        return _to(invited.user)
    options: list[tuple[str, str, int | None]] = [
        ("", "Our staff", None),
        ("client", in_words("A client's people"), None),
    ]
    provider = provider_of(User.Kind.CLIENT if of_client else User.Kind.STAFF)
    context = {
        "form": form,
        "own": own,
        "chips": chips(request, "for", options, ""),
        "by_password": provider is None or not provider.required,
        "came_from": None if chosen is None else Client.objects.filter(pk=chosen).first(),
    }
    return page(request, "accounts/manage/person_invite.html", context)


@require_http_methods(["GET", "POST"])
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a person, and give them roles."""
    person = person_or_404(request, pk)
    form = RolesForm(request.POST or None, actor=actor_of(request), person=person)

    def give() -> bool:
        set_roles(actor_of(request), person, form.cleaned_data["roles"])
        return True

    if request.method == "POST" and attempt(form, give):
        messages.success(request, f"{person.name} has the new roles from the next page on.")
        return _to(person)
    context = {
        "person": person,
        "form": form,
        "is_self": person.pk == request.user.pk,
        "came_in": person.has_usable_password() or person.last_login is not None,
        "tokens": person.tokens.filter(revoked_at=None),
        "factors": [label_of(one) for one in factors_of(person)],
        "needs_factor": needs_factor(person),
    }
    return page(request, "accounts/manage/person_detail.html", context)


@require_POST
def person_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an account or open it again."""
    person = person_or_404(request, pk)
    active = request.POST.get("active") == "yes"
    try:
        set_active(actor_of(request), person, active=active)
    except ValidationError as error:
        say_refusal(request, error)
    else:
        done = "is open again" if active else "is closed, its sessions and API tokens have ended"
        messages.success(request, f"The account of {person.name} {done}.")
    return _to(person)


@require_POST
def person_resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation again."""
    person = person_or_404(request, pk)
    try:
        _say_invited(request, invite_again(actor_of(request), person))
    except ValidationError as error:
        say_refusal(request, error)
    return _to(person)
