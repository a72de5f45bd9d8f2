"""Clients and people as tables: their columns, and what a row does."""

from collections.abc import Iterator
from typing import Final

from django.core.exceptions import ValidationError

from tenants.accounts.models import Client, User
from tenants.accounts.services.clients import EDITABLE, add_client, change_client
from tenants.accounts.services.inviting import mail_link
from tenants.accounts.services.people import add_person, set_active, set_roles
from tenants.accounts.services.roles import known_roles
from tenants.nouns import in_words
from tenants.tables.reading import Column
from tenants.tables.resources import ServiceResource

CLIENT_COLUMNS: Final = (
    Column("Reference", example=""),
    Column("Name", required=True, example="Cedar Partners"),
    Column("Status", example="active"),
    Column("Time zone", example="Europe/Paris"),
    Column("Currency", example="EUR"),
    Column("Locale", example="fr"),
)
PERSON_COLUMNS: Final = (
    Column("E-mail", required=True, example="ann@cedar.example"),
    Column("Name", required=True, example="Ann Lee"),
    Column("Client", example="Cedar Partners"),
    Column("Roles", required=True, example="client_admin; client_approver"),
    Column("May sign in", example="yes"),
)
_FIELDS: Final = {
    "Name": "name", "Status": "status", "Time zone": "time_zone", "Currency": "currency",
    "Locale": "locale",
}  # fmt: skip
_YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def client_rows() -> Iterator[list[object]]:
    """Return all clients in the columns' order."""
    for one in Client.objects.order_by("name", "pk"):
        yield [one.slug, one.name, one.status, one.time_zone, one.currency, one.locale]


def person_rows() -> Iterator[list[object]]:
    """Return all people in the columns' order, staff first."""
    people = User.objects.select_related("client").prefetch_related("role_grants")
    for one in people.order_by("-kind", "client__name", "name", "pk"):
        client = one.client.name if one.client else ""
        yield [one.email, one.name, client, "; ".join(one.roles), "yes" if one.is_active else "no"]


class ClientResource(ServiceResource):
    """A row is a client: the one with its reference, else the one of its name, else a new one.

    An empty cell leaves what is there.
    """

    title_column = "Name"

    class Meta:
        model = Client
        skip_diff = True
        store_row_values = True

    def found(self, row: dict[str, str]) -> Client | None:
        reference = row.get("Reference", "")
        if not reference:
            return Client.objects.filter(name__iexact=row["Name"]).order_by("pk").first()
        client = Client.objects.filter(slug=reference).first()
        if client is None:
            raise ValidationError(f"{in_words('No client has the reference')} {reference[:40]!r}.")
        return client

    def _wanted(self, row: dict[str, str]) -> dict[str, str]:
        wanted = {field: row[name] for name, field in _FIELDS.items() if row.get(name)}
        if "currency" in wanted:
            wanted["currency"] = wanted["currency"].upper()
        return wanted

    def add(self, row: dict[str, str]) -> Client:
        wanted = self._wanted(row)
        status = wanted.pop("status", "")
        client = add_client(self.actor, **{"name": "", **wanted})
        return change_client(self.actor, client, status=status) if status else client

    def changes(self, instance: Client, row: dict[str, str]) -> dict[str, tuple[str, str]]:
        wanted = self._wanted(row)
        return {
            name: (getattr(instance, field), wanted[field])
            for name, field in _FIELDS.items()
            if field in EDITABLE and field in wanted and wanted[field] != getattr(instance, field)
        }

    def change(self, instance: Client, row: dict[str, str]) -> None:
        change_client(self.actor, instance, **self._wanted(row))


class PersonResource(ServiceResource):
    """A row is a person, by their address. Who is new is invited by mail once all is in."""

    title_column = "E-mail"

    class Meta:
        model = User
        skip_diff = True
        store_row_values = True

    def found(self, row: dict[str, str]) -> User | None:
        people = User.objects.select_related("client").prefetch_related("role_grants")
        return people.filter(email=row["E-mail"].lower()).first()

    def add(self, row: dict[str, str]) -> User:
        user = add_person(
            self.actor,
            email=row["E-mail"],
            name=row["Name"],
            roles=_roles(row),
            client=_client(row),
        )
        if _active(row) is False:
            set_active(self.actor, user, active=False)
        else:
            mail_link(self.actor, user)
        return user

    def changes(self, instance: User, row: dict[str, str]) -> dict[str, tuple[str, str]]:
        client = _client(row)
        if (client.pk if client else None) != instance.client_id:
            raise ValidationError(in_words("Somebody who is there cannot move to another client."))
        if row["Name"] != instance.name:
            raise ValidationError("The name of somebody who is there cannot be changed here.")
        found = {}
        roles, active = _roles(row), _active(row)
        if roles != instance.roles:
            found["Roles"] = ("; ".join(instance.roles), "; ".join(roles))
        if active is not None and active != instance.is_active:
            found["May sign in"] = ("yes", "no") if instance.is_active else ("no", "yes")
        return found

    def change(self, instance: User, row: dict[str, str]) -> None:
        differing = self.changes(instance, row)
        if "Roles" in differing:
            set_roles(self.actor, instance, _roles(row))
        if "May sign in" in differing:
            set_active(self.actor, instance, active=bool(_active(row)))


def _roles(row: dict[str, str]) -> list[str]:
    """Return the row's roles by key, whether it says `client_admin` or `Administrator`."""
    of_client = bool(row.get("Client"))
    by_label = {role.name.casefold(): role.key for role in known_roles(of_client=of_client)}
    said = [one.strip() for one in row["Roles"].replace(",", ";").split(";") if one.strip()]
    if not said:
        raise ValidationError("Give one role at least.")
    return sorted({by_label.get(one.casefold(), one) for one in said})


def _client(row: dict[str, str]) -> Client | None:
    said = row.get("Client", "")
    if not said:
        return None
    found = list(Client.objects.filter(name__iexact=said)[:2]) or list(
        Client.objects.filter(slug=said)
    )
    if len(found) != 1:
        many = "Several clients are" if found else "No client is"
        raise ValidationError(f"{in_words(many)} called {said[:60]!r}.")
    return found[0]


def _active(row: dict[str, str]) -> bool | None:
    said = row.get("May sign in", "").casefold()
    if said and said not in _YES:
        raise ValidationError("“May sign in” is yes or no.")
    return _YES.get(said)
