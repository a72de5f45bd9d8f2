"""Proposing what a connection may touch."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.errors import Refusal
from governance.reasons import ReasonForm
from governance.requests import actor_of
from syncjobs.models import Connection
from syncjobs.pages.frame import explain_failure, one_of, page
from syncjobs.scope import DIRECTIONS, Scope
from syncjobs.services.scope_changes import objects_of, propose_scope


class ScopeForm(ReasonForm):
    """Which way, and which objects."""

    field_order = ("direction", "objects")

    direction = forms.ChoiceField(choices=list(DIRECTIONS.items()))
    objects = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them, also those that come later.",
    )

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, label or name) for name, label in objects_of(connection).items()]
        self.fields["objects"].choices = choices  # type: ignore[attr-defined]  # a choice

    def scope(self) -> Scope:
        """Return what was chosen."""
        return Scope(self.cleaned_data["direction"], tuple(sorted(self.cleaned_data["objects"])))


def connection_scope(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose another scope; the page of the request comes next."""
    connection = one_of(request, Connection.objects.select_related("client"), pk)
    initial = connection.scope.as_json()
    form = ScopeForm(connection, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            asked = propose_scope(
                actor_of(request),
                connection,
                form.scope(),
                reason=data["reason"],
                ticket=data["ticket"],
            )
        except (ValidationError, Refusal) as error:
            explain_failure(request, error)
        else:
            messages.success(request, "Proposed. Until it is signed, everything stays as it is.")
            return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
    return page(request, "connection_scope.html", {"form": form, "connection": connection})
