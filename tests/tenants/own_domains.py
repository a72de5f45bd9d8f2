"""What tests of partners' own domains share."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from governance.actors import Actor, command_actor, task_actor
from governance.models import AuditEntry
from tenants.context import schema_scope
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import check_domain
from tests.actors import ALICE
from tests.fakes.dns import FakeDns

OPERATOR, WORKER = command_actor("tests"), task_actor("worker")
NAME = "portal.northwind.example"
TARGET = "in.platform.example"
Acting = Callable[..., Actor]


@pytest.fixture(autouse=True)
def _target(settings: Settings, zone: FakeDns) -> None:
    settings.DOMAIN_TARGET = TARGET
    zone.point(TARGET, "192.0.2.1", "2001:db8::1")


@pytest.fixture
def alice(northwind: Partner, actor: Acting) -> Actor:
    return actor(ALICE)


@pytest.fixture
def rival(northwind: Partner) -> Partner:
    return Partner.objects.get(slug="brightbridge")


@pytest.fixture
def commits(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> DjangoCaptureOnCommitCallbacks:
    """A block whose mails are sent at its end."""
    return django_capture_on_commit_callbacks


def added(partner: Partner, name: str = NAME, kind: str = "portal") -> Domain:
    return domains.add_domain(OPERATOR, partner, name, kind)


def proved(zone: FakeDns, domain: Domain, *, pointing: bool = True) -> Domain:
    """Write down both records and look."""
    zone.prove(domain.record_name, domain.token)
    if pointing:
        zone.point(domain.domain, "192.0.2.1")
    return check_domain(WORKER, domain, zone)


def status_at(host: str) -> int:
    return Browser(headers={"host": host}).get("/sign-in/").status_code


def trail(schema: str) -> list[str]:
    """Return what was written down about the domains of this test, in order."""
    keys = [str(pk) for pk in Domain.objects.values_list("pk", flat=True)]
    with schema_scope(schema):
        rows = AuditEntry.objects.filter(object_kind="domain", object_id__in=keys).order_by("pk")
        return list(rows.values_list("action", flat=True))
