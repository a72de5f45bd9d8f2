"""The people of the demo, each with a password that is printed at the end."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

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
    """Add who is missing and give the first owner a password; returns everybody."""
    present = [one for one in partner.people if not one.client or one.client in clients]
    for person in present:
        known = User.objects.filter(email=person.email).first()
        if known is None:
            add_person(
                actor,
                email=person.email,
                name=person.name,
                roles=[person.role],
                client=clients.get(person.client),
                password=password,
            )
        elif not known.has_usable_password():
            known.set_password(password)
            known.save(update_fields=["password"])
    return present


def sign_ins(partner: DemoPartner, people: list[DemoPerson], port: int) -> list[SignIn]:
    """The sign-in of each person, with the address of their door."""
    return [
        SignIn(
            partner=partner.product,
            role=role_label(person.role),
            name=person.name,
            email=person.email,
            client=person.client,
            url=door(partner.slug, port, staff=not person.client),
        )
        for person in people
    ]


def door(slug: str, port: int, *, staff: bool) -> str:
    """The address of a partner's staff admin or portal."""
    host = f"{slug}.{settings.PLATFORM_DOMAIN}"
    return f"http://{'admin.' if staff else ''}{host}:{port}/"
