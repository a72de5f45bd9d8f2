"""A partner whose rows are really committed, for tests with processes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from governance.actors import command_actor
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client
from tenants.models import Domain, Heartbeat, Partner, TrailMark, Wakeup
from tenants.postgres import roles, schemas
from tenants.services.provisioning import provision_partner
from tests.syncjobs.factories import Lab, make_lab

SLUG = "engine-lab"


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In a module that imports this, the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def open_lab(db: None) -> Iterator[Lab]:
    """A client's flow on really committed rows: another session sees them."""
    with committed_partner("open-lab") as (_, client):
        yield make_lab(client)


def drop_partner(slug: str = SLUG) -> None:
    """Remove the partner and its schema, if they are there."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
    partner = Partner.objects.filter(slug=slug).first()
    if partner is None:
        return
    with roles.owner_connection() as owner:
        schemas.drop_schema(owner, partner.schema_name)
    Wakeup.objects.filter(schema_name=partner.schema_name).delete()
    Domain.objects.filter(tenant=partner).delete()
    partner.delete(force_drop=False)


@contextmanager
def committed_partner(slug: str = SLUG) -> Iterator[tuple[Partner, Client]]:
    """Make the partner with one client, entered; drop it at the end."""
    drop_partner(slug)
    made = provision_partner(
        command_actor("tests"),
        name="Engine Lab",
        slug=slug,
        owner_email="owner@lab.example",
        owner_name="Lab Owner",
    )
    try:
        with tenant_context(made.partner):
            client = add_client(command_actor("tests"), name="Alder Consulting")
            yield made.partner, client
    finally:
        drop_partner(slug)
        _forget_workers()
        connection.close()


def _forget_workers() -> None:
    """Remove what real workers said of every partner: no later test has heard of one."""
    for model in (Heartbeat, TrailMark, OrmQ):
        model.objects.all().delete()
