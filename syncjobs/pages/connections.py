"""Connections: the catalogue, adding one, testing it, new credentials."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from governance.errors import Refusal
from governance.lists import number_in, ordered, page_of
from governance.requests import actor_of
from syncjobs.connectors import registry
from syncjobs.connectors.base import ConnectionField, Descriptor
from syncjobs.connectors.errors import ConnectorError
from syncjobs.models import Connection, Stream, Workflow
from syncjobs.pages.frame import (
    any_client,
    back_to,
    explain_failure,
    one_of,
    page,
    reason_in,
    utc_text,
    visible,
)
from syncjobs.pages.webhooks import hook_address
from syncjobs.services import connections
from syncjobs.services.webhooks import hook_path
from syncjobs.templatetags.words import system_label
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import ask_again
from tenants.nouns import in_words_later
from tenants.tables.listed import listed_file

DAYS: Final = (date(2000, 1, 1), date(2199, 12, 31))  # on which credentials may expire


def _config_field(field: ConnectionField) -> forms.Field:
    shared: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.required,
    }
    if field.choices:
        return forms.ChoiceField(choices=field.choices, initial=field.default, **shared)
    return forms.CharField(initial=field.default or None, **shared)


def _secret_widget(field: ConnectionField) -> forms.Widget:
    """A key has lines, which a password's field would join. Neither is ever shown again."""
    if field.kind == "key":
        return forms.Textarea(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"})
    return forms.PasswordInput(attrs={"autocomplete": "off"})


class CredentialsForm(forms.Form):
    """The fields that the connector asks for. `known`: secrets are there and may stay."""

    def __init__(
        self, descriptor: Descriptor, *args: Any, known: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for field in descriptor.config_fields:
            self.fields[f"config_{field.name}"] = _config_field(field)
        for field in descriptor.secret_fields:
            self.fields[f"secret_{field.name}"] = forms.CharField(
                label=field.label,
                help_text="Leave it empty to keep what is stored." if known else field.help,
                required=field.required and not known,
                strip=True,
                widget=_secret_widget(field),
            )
        if descriptor.secret_fields:
            self.fields["expires"] = forms.DateField(
                label="Credentials expire on",
                help_text="Somebody is told two weeks before. Leave it empty if they do not.",
                required=False,
                validators=[MinValueValidator(DAYS[0]), MaxValueValidator(DAYS[1])],
                widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            )

    def part(self, name: str) -> dict[str, str]:
        """Return the `config` or `secret` fields that were filled in."""
        mark = f"{name}_"
        return {
            key.removeprefix(mark): value
            for key, value in self.cleaned_data.items()
            if key.startswith(mark) and value
        }

    def expires_at(self) -> datetime | None:
        """Return when the day begins on which the credentials expire."""
        day = self.cleaned_data.get("expires")
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None

    def refuse(self, error: ValidationError) -> None:
        """Tell at its field why nothing was kept, and ask again for what is not sent back."""
        by_field = error.error_dict if hasattr(error, "error_dict") else {"": [error]}
        for name, problems in by_field.items():
            places = [one for one in (name, f"config_{name}") if one in self.fields]
            said = [text for one in problems for text in one.messages]
            self.add_error(places[0] if places else None, said)
        ask_again(self, required=True)


class ConnectionForm(CredentialsForm):
    """Name and client before the fields that the connector asks for."""

    client = forms.ModelChoiceField(
        queryset=Client.objects.exclude(status=Client.Status.LEFT),
        label=in_words_later("Client"),
        empty_label="Choose",
    )
    name = forms.CharField(max_length=120)


SORTS = {"name": "name", "client": "client__name", "state": "state", "answered": "last_ok_at"}
COLUMNS: dict[str, Callable[[Connection], object]] = {
    "Name": lambda one: one.name,
    "System": lambda one: system_label(one.connector),
    "Client": lambda one: one.client,
    "State": lambda one: one.get_state_display(),
    "Last answer (UTC)": lambda one: utc_text(one.last_ok_at),
    "Problem": lambda one: one.last_error,
}


def connection_list(request: HttpRequest) -> HttpResponse:
    """Show the connected systems and their health."""
    rows = visible(request, Connection.objects.select_related("client"))
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=words) | Q(client__name__icontains=words))
    found = ordered(request, rows, SORTS, "client__name", "name")
    if file := listed_file(request, "connections", found, COLUMNS):
        return file
    context = {
        "page": page_of(request, found),
        "may_manage": actor_of(request).can("connections.manage"),
    }
    return page(request, "connection_list.html", context)


def connection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one system: its checks, streams and limits."""
    connection = one_of(request, Connection.objects.select_related("client"), pk)
    descriptor = registry.connector(connection.connector).descriptor
    streams = list(connection.streams.select_related("last_run"))
    fields = {field.name: field for field in descriptor.config_fields}
    config = [
        (fields[name].label, dict(fields[name].choices).get(value, value))
        if name in fields
        else (name, value)
        for name, value in connection.config.items()
    ]
    context = {
        "connection": connection,
        "descriptor": descriptor,
        "config": config,
        "may_compare": descriptor.kind != "files",
        "streams": streams,
        "offered": [one for one in connection.checks if one.get("fields")],
        "asking": [one for one in streams if one.compare and "asking" in one.compare],
        "workflows": workflows_on(connection),
        "asks_first": _is_ahead(connection.ask_first_until),
        "is_resting": _is_ahead(connection.breaker_until),
        "hook": hook_address(hook_path(connection), request) if connection.hook_key else "",
        "may_manage": actor_of(request).can("connections.manage", connection.client_id),
        "mend": connection.state == "refused" or _never_worked(connection),
    }
    return page(request, "connection_detail.html", context)


def _is_ahead(moment: datetime | None) -> bool:
    return moment is not None and moment > timezone.now()


def _never_worked(connection: Connection) -> bool:
    """What failed from its first test on was more likely mistyped than switched off since."""
    return connection.state == "failing" and connection.last_ok_at is None


def workflows_on(connection: Connection) -> list[Workflow]:
    """Return the workflows that read from or write to a connection."""
    mine = Workflow.objects.filter(client_id=connection.client_id)
    return [one for one in mine if connection.pk in one.bindings.values()]


def connection_catalogue(request: HttpRequest) -> HttpResponse:
    """Show the systems that can be connected."""
    context = {
        "catalogue": registry.catalogue(),
        "for_client": _for_client(request),
        "any_client": any_client(),
    }
    return page(request, "connection_catalogue.html", context)


def _for_client(request: HttpRequest) -> str:
    """The end of an address that keeps the client for whom somebody came."""
    client = number_in(request.GET.get("client", ""))
    return "" if client is None else f"?client={client}"


def connection_add(request: HttpRequest, key: str) -> HttpResponse:
    """Take the credentials for one system, keep them sealed, and test them at once."""
    known = {one.key: one for one in registry.catalogue()}
    if key not in known:
        raise Http404
    form = ConnectionForm(
        known[key],
        request.POST or None,
        initial={"client": request.GET.get("client", ""), "name": known[key].label},
    )
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
                expires_at=form.expires_at(),
            )
            connections.test_connection(actor, made)
            return back_to(request, reverse("connection_detail", args=[made.pk]))
        except ValidationError as error:
            form.refuse(error)
        except Refusal as error:
            explain_failure(request, error)
        except ConnectorError as error:
            messages.error(request, error.message)
            return back_to(request, reverse("connection_list"))
    elif request.method == "POST":
        ask_again(form, required=True)
    context = {
        "form": form,
        "descriptor": known[key],
        "for_client": _for_client(request),
        "any_client": any_client(),
    }
    return page(request, "connection_add.html", context)


def connection_credentials(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a new address or new credentials for a system, and test it at once."""
    connection = one_of(request, Connection.objects.select_related("client"), pk)
    descriptor = registry.connector(connection.connector).descriptor
    initial: dict[str, object] = {
        f"config_{name}": value for name, value in connection.config.items()
    }
    if connection.secret_expires_at:
        initial["expires"] = timezone.localdate(connection.secret_expires_at)
    form = CredentialsForm(descriptor, request.POST or None, known=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            connections.change_credentials(
                actor_of(request),
                connection,
                config=form.part("config"),
                secret=form.part("secret"),
                expires_at=form.expires_at(),
            )
            return connection_test(request, pk)
        except ValidationError as error:
            form.refuse(error)
        except Refusal as error:
            explain_failure(request, error)
    elif request.method == "POST":
        ask_again(form, required=True)
    context = {"form": form, "connection": connection, "descriptor": descriptor}
    return page(request, "connection_credentials.html", context)


def connection_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a system off, with a reason, or on again."""
    connection = one_of(request, Connection.objects.all(), pk)
    enable = connection.state == "disabled"
    try:
        connections.set_enabled(
            actor_of(request), connection, enabled=enable, reason=reason_in(request)
        )
        said = "Switched on. Test it now." if enable else "Switched off. What is due waits."
        messages.success(request, said)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


def _stream_in(request: HttpRequest, connection: Connection) -> Stream:
    given = number_in(request.POST.get("stream", ""))
    found = None if given is None else connection.streams.filter(pk=given).first()
    if found is None:
        raise ValidationError("Choose what is to be read.")
    return found


def connection_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare one object of a system with what is known, in the background."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        stream = _stream_in(request, connection)
        connections.compare_now(actor_of(request), stream, reason=reason_in(request))
        messages.success(request, "It is compared now, behind other work.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


def connection_read_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one object of a system from its start; what is known is not doubled."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        stream = _stream_in(request, connection)
        connections.read_again(actor_of(request), stream, reason=reason_in(request))
        messages.success(request, "It is read from its start. What has not changed stays.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


def connection_stop_asking(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to a system again without asking first what is there."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        connections.stop_asking_first(actor_of(request), connection, reason=reason_in(request))
        messages.success(request, "It is written to without asking first from now on.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


def connection_deletions(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm that what a comparison did not find was deleted in the system."""
    connection = one_of(request, Connection.objects.all(), pk)
    try:
        stream = _stream_in(request, connection)
        count = connections.confirm_deletions(actor_of(request), stream, reason=reason_in(request))
        messages.success(request, f"{count} records count as deleted now.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("connection_detail", args=[pk]))


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
