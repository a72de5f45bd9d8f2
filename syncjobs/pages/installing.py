"""Installing a workflow for a client: which blueprint, and which system plays which role."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst

from governance.errors import Refusal
from governance.requests import actor_of
from mappings.ownership import owner_words, system_words
from syncjobs.intake.reading import roles_of as kinds_of
from syncjobs.models import Blueprint, Connection
from syncjobs.pages.frame import any_client, back_to, explain_failure, page
from syncjobs.pages.steps import start_words, steps_told
from syncjobs.services.blueprints import needed_roles, roles_of, with_points
from syncjobs.services.workflow_changes import Wanted, propose_installation
from tenants.accounts.models import Client
from tenants.nouns import in_words, in_words_later


class ChoiceForm(forms.Form):
    """Whose workflow, and of which kind."""

    client = forms.ModelChoiceField(
        queryset=Client.objects.exclude(status=Client.Status.LEFT).order_by("name"),
        label=in_words_later("Client"),
        empty_label="Choose",
    )
    blueprint = forms.ModelChoiceField(
        queryset=Blueprint.objects.order_by("name"), to_field_name="slug", empty_label="Choose"
    )


class SystemField(forms.ModelChoiceField):  # type: ignore[type-arg]  # it takes none when it runs
    """A system of the client's; one that does not answer says so."""

    def label_from_instance(self, obj: Connection) -> str:
        """Return what the choice says."""
        ready = obj.state == "ready"
        return obj.name if ready else f"{obj.name} ({obj.get_state_display().lower()})"


class InstallForm(forms.Form):
    """The workflow's name and a connection of the client's for each role."""

    name = forms.CharField(max_length=120)
    reason = forms.CharField(
        max_length=500, required=False, help_text="For those who sign the installation."
    )

    def __init__(self, client: Client, blueprint: Blueprint, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = blueprint.name
        self.lacking: list[str] = []
        systems = list(client.connections.order_by("name"))
        needed = needed_roles(blueprint.definition)
        for role in roles_of(blueprint.definition):
            if role not in needed and not any(role in kinds_of(one) for one in systems):
                continue
            fitting = [one.pk for one in systems if role in kinds_of(one)]
            self.fields[f"role_{role}"] = SystemField(
                queryset=Connection.objects.filter(pk__in=fitting),
                initial=fitting[0] if fitting else None,
                empty_label="Choose" if role in needed else "Without one",
                label=capfirst(system_words(role)),
                required=role in needed,
            )
            if not fitting and role in needed:
                self.lacking.append(owner_words(role))

    @property
    def bindings(self) -> dict[str, Connection]:
        """The chosen connections by role."""
        return {
            name.removeprefix("role_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("role_") and value is not None
        }


def workflow_install(request: HttpRequest) -> HttpResponse:
    """Ask for client and blueprint, then for the systems, and install it."""
    chosen = ChoiceForm(request.GET if "blueprint" in request.GET else None, initial=request.GET)
    if not chosen.is_valid():
        blueprints = [
            (
                one.name,
                in_words(one.summary),
                [owner_words(role) for role in roles_of(one.definition)],
            )
            for one in Blueprint.objects.order_by("name")
        ]
        context = {"form": chosen, "blueprints": blueprints, "any_client": any_client()}
        return page(request, "workflow_choose.html", context)
    client, blueprint = chosen.cleaned_data["client"], chosen.cleaned_data["blueprint"]
    form = InstallForm(client, blueprint, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = propose_installation(
                actor_of(request),
                client,
                blueprint,
                Wanted(form.cleaned_data["name"], form.bindings, {}),
                reason=form.cleaned_data["reason"],
            )
            messages.success(request, "Proposed. It works as soon as this change is live.")
            return back_to(request, reverse("change_detail", args=[asked.pk]))
        except (ValidationError, Refusal) as error:
            explain_failure(request, error)
    does = with_points(blueprint.definition, {})
    context = {
        "form": form,
        "client": client,
        "blueprint": blueprint,
        "summary": in_words(blueprint.summary),
        "starts": start_words(does),
        "steps": steps_told(does),
    }
    return page(request, "workflow_install.html", context)
