"""Connections: the catalogue, adding one, testing it, new credentials."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.connectors import registry
from syncjobs.connectors.base import Descriptor
from syncjobs.connectors.errors import ConnectorError
from syncjobs.models import Connection
from syncjobs.pages.frame import back_to, explain_failure, one_of, page, visible
from syncjobs.services import connections
from tenants.accounts.models import Client
from tenants.lists import page_of


class ConnectionForm(forms.Form):
    """Name, client, and the fields that the connector asks for."""

    client = forms.ModelChoiceField(queryset=Client.objects.all())
    name = forms.CharField(max_length=120)

    def __init__(self, descriptor: Descriptor, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments
        self.descriptor = descriptor
        for field in descriptor.config_fields:
            self.fields[f"config_{field.name}"] = forms.CharField(
                label=field.label, help_text=field.help, required=field.required
            )
        for field in descriptor.secret_fields:
            self.fields[f"secret_{field.name}"] = forms.CharField(
                label=field.label,
                help_text=field.help,
                required=field.required,
                strip=True,
                widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
            )

    def part(self, name: str) -> dict[str, str]:
        """Return the `config` or `secret` fields that were filled in."""
        mark = f"{name}_"
        return {
            key.removeprefix(mark): value
            for key, value in self.cleaned_data.items()
            if key.startswith(mark) and value
        }


def connection_list(request: HttpRequest) -> HttpResponse:
    """Show the connected systems and their health."""
    rows = visible(request, Connection.objects.select_related("client"))
    context = {
        "page": page_of(request, rows.order_by("client__name", "name")),
        "may_manage": actor_of(request).can("connections.manage"),
    }
    return page(request, "connection_list.html", context)


def connection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one system: its checks, streams and limits."""
    connection = one_of(request, Connection.objects.select_related("client"), pk)
    context = {
        "connection": connection,
        "descriptor": registry.connector(connection.connector).descriptor,
        "streams": connection.streams.select_related("last_run"),
        "may_manage": actor_of(request).can("connections.manage", connection.client_id),
    }
    return page(request, "connection_detail.html", context)


def connection_catalogue(request: HttpRequest) -> HttpResponse:
    """Show the systems that can be connected."""
    return page(request, "connection_catalogue.html", {"catalogue": registry.catalogue()})


def connection_add(request: HttpRequest, key: str) -> HttpResponse:
    """Take the credentials for one system, keep them sealed, and test them at once."""
    known = {one.key: one for one in registry.catalogue()}
    if key not in known:
        raise Http404
    form = ConnectionForm(known[key], request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = actor_of(request)
        try:
            made = connections.create_connection(
                actor,
                client=form.cleaned_data["client"],
                connector=key,
                name=form.cleaned_data["name"],
                config=form.part("config"),
                secret=form.part("secret"),
            )
            connections.test_connection(actor, made)
            return back_to(request, reverse("connection_detail", args=[made.pk]))
        except (ValidationError, Refusal) as error:
            explain_failure(request, error)
        except ConnectorError as error:
            messages.error(request, error.message)
            return back_to(request, reverse("connection_list"))
    return page(request, "connection_add.html", {"form": form, "descriptor": known[key]})


def connection_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Test a connection now and show each check."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        checks = connections.test_connection(actor_of(request), connection)
        if all(check.ok for check in checks):
            messages.success(request, "Every check passed.")
        else:
            messages.error(request, next(check.message for check in checks if not check.ok))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))
