"""What the pages of accounts share: the frame of the door, and forms that call services."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance import correlation
from governance.requests import actor_of

T = TypeVar("T")
FRAMES = {"admin": "staff/base.html", "portal": "portal/base.html", "console": "console/base.html"}
TABS = (
    ("person_list", "People", {"users.manage"}),
    ("role_matrix", "Roles", {"users.manage", "audit.view"}),
    ("token_list", "API tokens", {"tokens.manage"}),
    ("endpoint_list", "Webhooks", {"webhooks.manage"}),
    ("sign_in_rules", "Sign-in", {"users.manage"}),
)
STAFF_TABS = frozenset({"sign_in_rules"})


def page(
    request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a template that extends `base`: the frame of the request's door.

    `empty` says whether the list in `page` has no row at all.
    """
    actor = actor_of(request)
    listed = context.get("page")
    shared = {
        "base": FRAMES[correlation.current().door],
        "staff": actor.client_id is None,
        "may": actor.permissions,
        "empty": isinstance(listed, Page) and listed.paginator.count == 0,
    }
    return render(request, template, {**shared, **context}, status=status)


def tabs(request: HttpRequest, here: str) -> list[dict[str, object]]:
    """Return the tabs over people, roles and tokens that the actor may open."""
    held = actor_of(request).permissions
    return [
        {"label": label, "url": reverse(name), "active": name == here}
        for name, label, permissions in TABS
        if held & permissions and (name not in STAFF_TABS or actor_of(request).client_id is None)
    ]


def add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Put a service's refusal on the form: at its fields, else at its head."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: [error]}
    for field, problems in by_field.items():
        known = field if field in form.fields else None
        form.add_error(known, [text for one in problems for text in one.messages])


def attempt(form: forms.BaseForm, act: Callable[[], T]) -> T | None:
    """Run `act` when the form is valid; a ValidationError becomes the form's, and None."""
    if form.is_valid():
        try:
            return act()
        except ValidationError as error:
            add_errors(form, error)
    ask_again(form)
    return None


def ask_again(form: forms.BaseForm, *, required: bool = False) -> None:
    """Ask once more for secrets that were typed into a form that was refused: pages never send
    them back, and where a field may be left empty, the stored one would stay unnoticed."""
    for name, field in form.fields.items():
        is_secret = isinstance(field.widget, forms.PasswordInput) and form.data.get(name)
        if is_secret and (required or not field.required) and name not in form.errors:
            form.add_error(name, "Type it once more: it is not kept on this page.")


def say_refusal(request: HttpRequest, error: ValidationError) -> None:
    """Tell the person why a button did nothing."""
    messages.error(request, " ".join(error.messages))
