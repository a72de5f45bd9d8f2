"""Forms of people, tokens and clients. Rules are in the services; these only read input."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from governance.actors import Actor
from tenants.accounts.forms import PasskeyForm, PasswordForm
from tenants.accounts.locales import locale_choices
from tenants.accounts.models import Client, IdentityProvider, Role, User
from tenants.accounts.permissions import CLIENT_PERMISSIONS, GROUPS
from tenants.accounts.services.providers import Setup
from tenants.accounts.services.roles import KnownRole, grantable, known_roles, roles_to_give
from tenants.accounts.zones import ZoneSelect, zone_choices
from tenants.nouns import in_words, in_words_later

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No end")]


def _shown(role: KnownRole) -> str:
    label = f"{role.name}: {role.note}".removesuffix(": ")
    return label if role.own is not None else in_words(label)


def _role_choices(*, of_client: bool) -> list[tuple[str, str]]:
    return [(role.key, _shown(role)) for role in known_roles(of_client=of_client)]


def _by_group(offered: Container[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the offered permissions as choices under the headings of their kinds of work."""
    groups = [
        (
            in_words(group),
            [(name, in_words(label)) for name, label in some.items() if name in offered],
        )
        for group, some in GROUPS.items()
    ]
    return [(group, choices) for group, choices in groups if choices]


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
            choices=_by_group(offered),
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
            choices=_by_group(actor.permissions),
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
        choices=zone_choices,
        widget=ZoneSelect,
        initial=timezone.get_current_timezone_name,
        help_text="Days of usage and cut-offs follow it.",
    )
    currency = forms.CharField(
        label="Currency", max_length=3, help_text="Three letters, such as EUR."
    )
    locale = forms.ChoiceField(
        label="Numbers and dates", choices=locale_choices("As the brand has them"), required=False
    )


class ClientChangeForm(ClientForm):
    """The same, with where the client stands."""

    status = forms.ChoiceField(label="Status", choices=Client.Status.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone, known = self.initial.get("time_zone", ""), zone_choices()
        if zone not in dict(known):  # a program gave it: saving the form leaves it as it is
            field = self.fields["time_zone"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(zone, zone.replace("_", " ")), *known]


class NameForm(forms.Form):
    """One's own name."""

    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


class OwnPasswordForm(PasswordForm):
    """The password now, and the new one twice."""

    old = forms.CharField(
        label="Password now",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ConfirmForm(forms.Form):
    """The password again; a code for somebody who has none."""

    proof = forms.CharField(strip=False, max_length=200, widget=forms.PasswordInput)

    def __init__(self, *args: Any, password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["proof"]
        field.label = "Password" if password else "Code of your authenticator app"
        field.widget.attrs["autocomplete"] = "current-password" if password else "one-time-code"


class NewPasskeyForm(PasskeyForm):
    """A passkey that the browser made, and what its person calls it."""

    name = forms.CharField(
        label="Name", max_length=60, required=False, help_text="Such as “Laptop” or “Key ring”."
    )


class ResetFactorsForm(forms.Form):
    """Why somebody's second factors are taken away."""

    reason = forms.CharField(label="Reason", max_length=200, help_text="Kept in the audit trail.")


class SignInRulesForm(forms.Form):
    """Which roles need a second factor."""

    staff_roles = forms.MultipleChoiceField(
        label="Staff", required=False, widget=forms.CheckboxSelectMultiple
    )
    client_roles = forms.MultipleChoiceField(
        label=in_words_later("Clients' people"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, of_client in (("staff_roles", False), ("client_roles", True)):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = _role_choices(of_client=of_client)

    def factor_roles(self) -> list[str]:
        """Return all roles that were ticked."""
        return [*self.cleaned_data["staff_roles"], *self.cleaned_data["client_roles"]]


class IdentityProviderForm(forms.Form):
    """How single sign-on is set up. `values_<role>`: what makes somebody hold that role."""

    is_active = forms.BooleanField(label="In use", required=False, initial=True)
    protocol = forms.ChoiceField(label="Protocol", choices=IdentityProvider.Protocol.choices)
    label = forms.CharField(
        label="Words on the button", max_length=60, help_text="Such as “Sign in with Contoso”."
    )
    issuer = forms.CharField(
        label="Issuer",
        max_length=300,
        help_text="As the provider writes it. With SAML it is called entity ID.",
    )
    client_id = forms.CharField(label="Client ID", max_length=200, required=False)
    secret = forms.CharField(
        label="Client secret",
        max_length=500,
        required=False,
        strip=True,
        help_text="Kept encrypted and never shown. Empty: the one that is there stays.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.CharField(
        label="Scopes", max_length=200, initial="openid email profile", required=False
    )
    sign_in_url = forms.CharField(label="Sign-in address", max_length=500, required=False)
    certificate = forms.CharField(
        label="Certificate",
        max_length=10_000,
        required=False,
        help_text="The one that answers are signed with, as text.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    email_claim = forms.CharField(
        label="Attribute with the address",
        max_length=200,
        required=False,
        help_text="Empty: the name ID is the address.",
    )
    role_claim = forms.CharField(
        label="Claim or attribute with roles",
        max_length=80,
        required=False,
        help_text="Such as “groups”. Empty: roles are given here alone.",
    )
    creates_people = forms.BooleanField(label="Add people that are not here yet", required=False)
    domains = forms.CharField(
        label="Mail domains",
        max_length=400,
        required=False,
        help_text="Separated by commas. With SAML, only these come in at all.",
    )
    has_second_factor = forms.BooleanField(
        label="The provider asks for a second factor itself; do not ask again", required=False
    )
    required = forms.BooleanField(label="Only single sign-on, no passwords", required=False)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if not self.initial:
            self.fields["secret"].help_text = "Kept encrypted and never shown."
        for role, label in _role_choices(of_client=kind == "client"):
            self.fields[f"values_{role}"] = forms.CharField(
                label=label.partition(":")[0],
                max_length=400,
                required=False,
            )
        if kind == "client":
            del self.fields["creates_people"]
        else:
            owners = User.objects.filter(role_grants__role="owner", is_active=True)
            self.fields["break_glass"] = forms.ModelChoiceField(
                owners,
                label="May always use the password",
                required=False,
                empty_label="Choose an owner",
                help_text="The way in when the provider fails.",
            )

    @property
    def role_fields(self) -> list[forms.BoundField]:
        """Return the fields of the roles."""
        return [self[name] for name in self.fields if name.startswith("values_")]

    def setup(self) -> Setup:
        """Return what was entered."""
        data = self.cleaned_data
        roles = {
            value: name.removeprefix("values_")
            for name in self.fields
            if name.startswith("values_")
            for value in _parts(data[name])
        }
        return Setup(
            label=data["label"],
            issuer=data["issuer"],
            protocol=data["protocol"],
            client_id=data["client_id"],
            secret=data["secret"],
            sign_in_url=data["sign_in_url"],
            certificate=data["certificate"],
            email_claim=data["email_claim"],
            scopes=data["scopes"],
            role_claim=data["role_claim"],
            roles=roles,
            creates_people=data.get("creates_people", False),
            domains=tuple(one.lower().lstrip("@") for one in _parts(data.get("domains", ""))),
            has_second_factor=data["has_second_factor"],
            is_active=data["is_active"],
            required=data["required"],
            break_glass=data.get("break_glass"),
        )


def _parts(text: str) -> list[str]:
    return [part for one in text.split(",") if (part := one.strip())]


def provider_values(provider: IdentityProvider) -> dict[str, object]:
    """Return what the form of a provider starts with."""
    values: dict[str, object] = {
        name: getattr(provider, name)
        for name in (
            "is_active", "protocol", "label", "issuer", "client_id", "scopes", "role_claim",
            "sign_in_url", "certificate", "email_claim",
            "creates_people", "has_second_factor", "required", "break_glass",
        )
    }  # fmt: skip
    values["domains"] = ", ".join(provider.domains)
    for role in set(provider.roles.values()):
        named = sorted(value for value, given in provider.roles.items() if given == role)
        values[f"values_{role}"] = ", ".join(named)
    return values
