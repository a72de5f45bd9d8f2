"""Two owners who put each other out at the same moment: one of them stays."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django_tenants.utils import tenant_context
from pytest_django import DjangoDbBlocker

from governance.actors import Actor, command_actor
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.accounts.services.people import add_person, set_active, set_roles
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles
from tenants.services.provisioning import provision_partner
from tests.actors import ALICE, FRANK

SLUG = "owner-lab"


def _drop() -> None:
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
    partner = Partner.objects.filter(slug=SLUG).first()
    if partner is None:
        return
    with roles.owner_connection() as owner:
        owner.execute(f'DROP SCHEMA IF EXISTS "{partner.schema_name}" CASCADE'.encode())
    Wakeup.objects.filter(schema_name=partner.schema_name).delete()
    Domain.objects.filter(tenant=partner).delete()
    partner.delete(force_drop=False)


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test.

    It has pytest-django's name so that this module, run alone, still gets a test database.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def lab(db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Partner]:
    """A partner with two owners whose rows are really committed."""
    with django_db_blocker.unblock():
        _drop()
        maker = command_actor("tests")
        made = provision_partner(
            maker, name="Owners", slug=SLUG, owner_email=ALICE.email, owner_name=ALICE.name
        )
        with tenant_context(made.partner):
            add_person(maker, email=FRANK.email, name=FRANK.name, roles=["owner"])
        yield made.partner
        _drop()
        connection.close()


def demote(actor: Actor, other: User) -> None:
    set_roles(actor, other, ["auditor"])


def close(actor: Actor, other: User) -> None:
    set_active(actor, other, active=False)


@pytest.mark.parametrize("ways", [(demote, demote), (close, close), (demote, close)])
def test_one_owner_stays(lab: Partner, ways: tuple[Callable[[Actor, User], None], ...]) -> None:
    with tenant_context(lab):
        alice, frank = (User.objects.get(email=one.email) for one in (ALICE, FRANK))
        pairs = [(actor_for(alice), frank), (actor_for(frank), alice)]
    start = threading.Barrier(2)

    def put_out(number: int) -> bool:
        actor, other = pairs[number]
        try:
            with tenant_context(lab):
                start.wait(timeout=20)
                ways[number](actor, other)
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(put_out, range(2)))
    with tenant_context(lab):
        owners = User.objects.filter(is_active=True, role_grants__role="owner").count()
    assert (sorted(done), owners) == ([False, True], 1)
