"""The people of the demo, each with a password that is printed at the end."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password

from governance.actors import Actor
from syncjobs.demo.cast import DemoPartner, DemoPerson
from tenants.accounts.models import Client, User
from tenants.accounts.permissions import role_label
from tenants.accounts.services.people import add_person


@dataclass(frozen=True)
class SignIn:
    """Where somebody signs in, and as whom."""

    partner: str
    role: str
    name: str
    email: str
    client: str
    url: str


def ensure_people(
    actor: Actor, partner: DemoPartner, clients: Mapping[str, Client], password: str
) -> list[DemoPerson]:
    """Add who is missing, with the demo's password; returns everybody on stage."""
    present = [one for one in partner.people if not one.client or one.client in clients]
    known = set(User.objects.values_list("email", flat=True))
    for person in present:
        if person.email not in known:
            add_person(
                actor,
                email=person.email,
                name=person.name,
                roles=[person.role],
                client=clients.get(person.client),
            )
    # Hashed once: it is one password, and hashing is made to be slow.
    addresses = [one.email for one in present]
    newcomers = [
        user for user in User.objects.filter(email__in=addresses) if not user.has_usable_password()
    ]
    if newcomers:
        hashed = make_password(password)
        for user in newcomers:
            user.password = hashed
        User.objects.bulk_update(newcomers, ["password"])
    return present


def sign_ins(
    partner: DemoPartner, people: list[DemoPerson], clients: Mapping[str, Client], port: int
) -> list[SignIn]:
    """The sign-in of each person, with the address of their door."""
    return [
        SignIn(
            partner=partner.product,
            role=role_label(person.role),
            name=person.name,
            email=person.email,
            client=clients[person.client].name if person.client else "",
            url=door(partner.slug, port, staff=not person.client),
        )
        for person in people
    ]


def door(slug: str, port: int, *, staff: bool) -> str:
    """The address of a partner's staff admin or portal."""
    host = f"{slug}.{settings.PLATFORM_DOMAIN}"
    return f"http://{'admin.' if staff else ''}{host}:{port}/"
