"""Forms of people, tokens and clients. Rules are in the services; these only read input."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from governance.actors import Actor
from tenants.accounts.locales import locale_choices
from tenants.accounts.models import Client, Role, User
from tenants.accounts.permissions import CLIENT_PERMISSIONS, GROUPS, PERMISSIONS
from tenants.accounts.services.roles import KnownRole, grantable, known_roles, roles_to_give
from tenants.nouns import in_words

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No end")]


def _shown(role: KnownRole) -> str:
    label = f"{role.name}: {role.note}".removesuffix(": ")
    return label if role.own is not None else in_words(label)


def _roles_field(roles: list[KnownRole]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="Roles",
        choices=[(role.key, _shown(role)) for role in roles],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose one role at least."},
    )


class InviteForm(forms.Form):
    """Who is invited, and as what: roles that the actor may give.

    clients: whom they can belong to; None for staff, and for a client's own administrator.
    """

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail address", help_text="The invitation goes there.")

    def __init__(
        self,
        *args: Any,
        actor: Actor,
        of_client: bool,
        clients: QuerySet[Client] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if clients is not None:
            self.fields["client"] = forms.ModelChoiceField(
                clients, label=in_words("Client"), empty_label=in_words("Choose a client")
            )
        self.fields["roles"] = _roles_field(roles_to_give(actor, of_client=of_client))


class RolesForm(forms.Form):
    """The roles of somebody who is there already: what they have, and what the actor may give."""

    def __init__(self, *args: Any, actor: Actor, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"roles": person.roles}, **kwargs})
        of_client = person.kind == User.Kind.CLIENT
        keys = {role.key for role in roles_to_give(actor, of_client=of_client)}
        keys.update(person.roles)
        self.fields["roles"] = _roles_field(
            [role for role in known_roles(of_client=of_client) if role.key in keys]
        )


class RoleForm(forms.Form):
    """A role of the partner's own: what the actor may hand on, and what it has already."""

    name = forms.CharField(label="Name", max_length=60)
    note = forms.CharField(
        label="What it is for",
        max_length=160,
        required=False,
        help_text="Shown to whoever gives it.",
    )

    def __init__(
        self, *args: Any, actor: Actor, kind: str, role: Role | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        of_client = kind == Role.Kind.CLIENT
        offered = grantable(actor, to_clients=of_client)
        if of_client:
            offered &= CLIENT_PERMISSIONS
        offered |= role.held if role else frozenset()
        self.fields["permissions"] = forms.MultipleChoiceField(
            label="May",
            choices=[
                (name, f"{group}: {label}")
                for group, permissions in GROUPS.items()
                for name, label in permissions.items()
                if name in offered
            ],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": "Choose what it lets people do."},
        )


class TokenForm(forms.Form):
    """A token's name, what it may do, and until when."""

    name = forms.CharField(label="Name", max_length=80, help_text="What the program is.")
    lifetime = forms.ChoiceField(
        label="Works for", choices=LIFETIMES, initial="365", required=False
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if actor.client_id is None:
            self.fields["client"] = forms.ModelChoiceField(
                Client.objects.all(),
                label="Only for",
                required=False,
                empty_label=in_words("All clients"),
            )
        self.fields["scopes"] = forms.MultipleChoiceField(
            label="May",
            choices=[
                (name, in_words(label))
                for name, label in PERMISSIONS.items()
                if name in actor.permissions
            ],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": "Choose what the program may do."},
        )

    def expires_at(self) -> datetime | None:
        """Return when the token stops, None for never."""
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class ClientForm(forms.Form):
    """A client's own facts."""

    name = forms.CharField(label="Name", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        initial="UTC",
        help_text="Days of usage and cut-offs follow it.",
    )
    currency = forms.CharField(
        label="Currency", max_length=3, initial="EUR", help_text="Three letters, such as EUR."
    )
    locale = forms.ChoiceField(
        label="Numbers and dates", choices=locale_choices("As the brand has them"), required=False
    )


class ClientChangeForm(ClientForm):
    """The same, with where the client stands."""

    status = forms.ChoiceField(label="Status", choices=Client.Status.choices)
