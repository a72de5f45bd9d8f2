"""A partner whose audit trail is really committed, made once a module."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tenants.models import Partner, TrailMark
from tests.tenants.cleanup import set_up, take_away

SLUG = "seal-lab"


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database without a transaction around the test.

    It has pytest-django's name so that a module, run alone, still gets a test database.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def lab(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Partner]:
    """The partner, not entered; it goes with its schema."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        take_away([SLUG])
        set_up([SLUG])
        try:
            yield Partner.objects.get(slug=SLUG)
        finally:
            connection.set_schema_to_public()  # type: ignore[attr-defined]
            TrailMark.objects.all().delete()
            take_away([SLUG])
