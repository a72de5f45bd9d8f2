"""The two partners with the same world in each."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from tenants.models import Partner
from tests.isolation import world
from tests.isolation.sessions import sign_everybody_in


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Build the world once a module, in a transaction that ends with it."""
    with django_db_blocker.unblock(), transaction.atomic():
        for partner in Partner.objects.filter(slug__in=("northwind", "brightbridge")):
            with tenant_context(partner):
                world.build(partner.slug)
            sign_everybody_in(partner)
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        yield
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        transaction.set_rollback(True)


@pytest.fixture
def twins(_world: None, db: None) -> Iterator[dict[str, Partner]]:
    """Both partners by slug, each with one object of each kind for two clients."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
    yield {one.slug: one for one in Partner.objects.filter(slug__in=("northwind", "brightbridge"))}
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
