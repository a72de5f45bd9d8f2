"""Two who add the same at one moment: the second is told what one who comes later is told."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from branding.services.tiers import add_tier
from governance.actors import command_actor
from mappings.services.custom_fields import add_field
from mappings.services.versions import add_mapping
from syncjobs.models import Connection
from syncjobs.services.connections import create_connection
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client
from tenants.accounts.services.people import add_person
from tenants.accounts.services.roles import make_role
from tenants.models import Partner
from tests.branding.commerce import terms
from tests.syncjobs.committed import committed_partner, db

__all__ = ["db"]
BY = command_actor("tests")


def connect(client: Client, name: str) -> Connection:
    return create_connection(
        BY,
        client=client,
        connector="sandbox_crm",
        name=name,
        config={"base_url": "http://127.0.0.1:9"},
        secret={"token": "one"},
    )


ADDS: dict[str, tuple[Callable[[Client], object], str]] = {
    "connection": (
        lambda client: connect(client, "CRM"),
        "connection of that name already",
    ),
    "client": (lambda _: add_client(BY, name="Birch"), "client of that name already"),
    "person": (
        lambda _: add_person(BY, email="n@lab.example", name="Nina", roles=["finance"]),
        "has this e-mail address already",
    ),
    "role": (
        lambda _: make_role(BY, name="Night", kind="staff", permissions=["clients.view"]),
        "a role of that name",
    ),
    "tier": (
        lambda _: add_tier(BY, name="Gold", terms=terms()),
        "already exists",
    ),
    "mapping": (
        lambda _: add_mapping(BY, name="Leads", canonical="customer", object="leads"),
        "a mapping of this name",
    ),
    "custom field": (
        lambda _: add_field(BY, object_type="customer", name="area", type="text", label="Area"),
        "a field of this name",
    ),
}


@pytest.fixture(scope="module")
def lab(db: None) -> Iterator[tuple[Partner, Client]]:
    with committed_partner("twins-lab") as made:
        connect(made[1], "The first, which makes the key that seals")
        yield made


@pytest.mark.parametrize("what", ADDS)
def test_one_is_added_and_the_other_refused(
    lab: tuple[Partner, Client], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, client = lab
    add, said = ADDS[what]
    checked = threading.Barrier(2, timeout=20)

    def both_checked() -> transaction.Atomic:
        checked.wait()
        return transaction.atomic()

    monkeypatch.setattr("governance.twins.transaction", SimpleNamespace(atomic=both_checked))

    def once(_: int) -> str:
        try:
            with tenant_context(partner):
                add(client)
        except ValidationError as error:
            return " ".join(error.messages)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(2) as both:
        came_to = sorted(both.map(once, range(2)))
    assert came_to[0] == ""
    assert said in came_to[1]
