"""Outgoing webhooks: the endpoints, what each hears of, its secret, and what was sent to it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.actors import Actor
from governance.errors import Refusal
from governance.lists import chips, page_of
from governance.requests import actor_of
from syncjobs.models import Endpoint, Message
from syncjobs.pages.frame import back_to, explain_failure, page
from syncjobs.services import endpoints
from syncjobs.state import MESSAGE
from syncjobs.telling.kinds import GROUPS, NEEDS, kind_words
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import attempt, tabs
from tenants.nouns import in_words


class EndpointForm(forms.Form):
    """A name, an address, and what is told there."""

    name = forms.CharField(label="Name", max_length=80, help_text="What the program is.")
    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="Where messages are posted. It starts with https://.",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )

    def __init__(
        self, *args: Any, actor: Actor, endpoint: Endpoint | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if actor.client_id is None and endpoint is None:
            self.fields["client"] = forms.ModelChoiceField(
                Client.objects.all(),
                label=in_words("Client"),
                required=False,
                empty_label=in_words("All clients"),
            )
        kept = set(endpoint.listens) if endpoint else set()
        self.fields["listens"] = forms.MultipleChoiceField(
            label="Events",
            choices=_choices(actor, kept),
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": "Choose what it hears of."},
        )


def _choices(actor: Actor, kept: set[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = []
    for label, needed in GROUPS:
        kinds = [
            (kind, kind_words(kind))
            for kind, permission in NEEDS.items()
            if permission == needed and (needed in actor.permissions or kind in kept)
        ]
        if kinds:
            groups.append((in_words(label), kinds))
    return groups


@require_safe
def endpoint_list(request: HttpRequest) -> HttpResponse:
    """Show where messages go, and whether they arrive."""
    rows = endpoints.visible_endpoints(actor_of(request))
    context = {"page": page_of(request, rows), "tabs": tabs(request, "endpoint_list")}
    return page(request, "endpoint_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def endpoint_add(request: HttpRequest) -> HttpResponse:
    """Add one; the answer to the form is the one page that has its secret."""
    actor = actor_of(request)
    form = EndpointForm(request.POST or None, actor=actor)

    def add() -> tuple[Endpoint, str]:
        return endpoints.add_endpoint(actor, **form.cleaned_data)

    made = attempt(form, add) if request.method == "POST" else None
    if made is None:
        return page(request, "endpoint_form.html", {"form": form})
    return _secret_page(request, made[0], made[1], rotated=False)


@require_http_methods(["GET", "POST"])
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change its name, its address or what it hears of."""
    actor, endpoint = actor_of(request), _one(request, pk)
    given = {"name": endpoint.name, "url": endpoint.url, "listens": endpoint.listens}
    form = EndpointForm(request.POST or None, actor=actor, endpoint=endpoint, initial=given)

    def change() -> bool:
        endpoints.change_endpoint(actor, endpoint, **form.cleaned_data)
        return True

    if request.method == "POST" and attempt(form, change):
        messages.success(request, "Saved.")
        return _back(request, pk)
    return page(request, "endpoint_form.html", {"form": form, "endpoint": endpoint})


@require_safe
def endpoint_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one endpoint and its messages, the newest first."""
    endpoint = _one(request, pk)
    sent = Message.objects.filter(endpoint=endpoint)
    shown = request.GET.get("show", "")
    options: list[tuple[str, str, int | None]] = [("", "All", None)]
    options += [
        (state, label, sent.filter(state=state).count()) for state, label in MESSAGE.choices
    ]
    if shown in MESSAGE.labels:
        sent = sent.filter(state=shown)
    context = {
        "endpoint": endpoint,
        "failed": Message.objects.filter(endpoint=endpoint, state=MESSAGE.target("fail")).count(),
        "page": page_of(request, sent.order_by("-pk")),
        "chips": chips(request, "show", options, ""),
    }
    return page(request, "endpoint_detail.html", context)


@require_safe
def message_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message: its body and its attempts."""
    message = _message(request, pk)
    return page(request, "message_detail.html", {"message": message})


@never_cache
@require_POST
def endpoint_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new secret; this answer is the one page that has it."""
    endpoint = _one(request, pk)
    secret = endpoints.rotate_secret(actor_of(request), endpoint)
    return _secret_page(request, endpoint, secret, rotated=True)


@require_POST
def endpoint_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message that is a test."""

    def send(actor: Actor, endpoint: Endpoint) -> str:
        endpoints.send_test(actor, endpoint)
        return "A test message is on its way."

    return _act(request, pk, send)


@require_POST
def endpoint_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch it on or off."""

    def switch(actor: Actor, endpoint: Endpoint) -> str:
        on = not endpoint.is_on
        endpoints.change_endpoint(actor, endpoint, on=on)
        return "It is on." if on else "It is off: nothing more is told there."

    return _act(request, pk, switch)


@require_POST
def endpoint_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send all that failed again."""

    def again(actor: Actor, endpoint: Endpoint) -> str:
        count = endpoints.send_failed_again(actor, endpoint)
        return f"{count} message{'' if count == 1 else 's'} sent again."

    return _act(request, pk, again)


@require_POST
def endpoint_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it with its messages, if that is meant."""
    endpoint = _one(request, pk)
    if "meant" not in request.POST:
        messages.error(request, "Say that you mean it: its messages go with it.")
        return _back(request, pk)
    endpoints.remove_endpoint(actor_of(request), endpoint)
    messages.success(request, f"{endpoint.name} is removed.")
    return back_to(request, reverse("endpoint_list"))


@require_POST
def message_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one message again."""
    message = _message(request, pk)
    try:
        endpoints.send_again(actor_of(request), message)
        messages.success(request, "It is sent again now.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("message_detail", args=[pk]))


def _act(request: HttpRequest, pk: int, act: Callable[[Actor, Endpoint], str]) -> HttpResponse:
    endpoint = _one(request, pk)
    try:
        messages.success(request, act(actor_of(request), endpoint))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return _back(request, pk)


def _back(request: HttpRequest, pk: int) -> HttpResponse:
    return back_to(request, reverse("endpoint_detail", args=[pk]))


def _one(request: HttpRequest, pk: int) -> Endpoint:
    return get_object_or_404(endpoints.visible_endpoints(actor_of(request)), pk=pk)


def _message(request: HttpRequest, pk: int) -> Message:
    return get_object_or_404(endpoints.visible_messages(actor_of(request)), pk=pk)


def _secret_page(
    request: HttpRequest, endpoint: Endpoint, secret: str, *, rotated: bool
) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "rotated": rotated}
    return page(request, "endpoint_secret.html", context)
