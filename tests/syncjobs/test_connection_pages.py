"""The connection's page: webhooks, comparing, and what a comparison asks."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from syncjobs.connectors.base import Check
from syncjobs.models import Connection, Stream
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab


@pytest.fixture
def staff(browse: Callable[[Person], Browser]) -> Browser:
    return browse(actors.BOB)


def test_the_secret_is_on_one_page_only(lab: Lab, northwind: Partner, staff: Browser) -> None:
    place = f"/work/connections/{lab.source_connection.pk}/"
    shown = staff.post(f"{place}webhooks/").content.decode()
    assert "whsec_" in shown
    page = staff.get(place).content.decode()
    with tenant_context(northwind):
        key = Connection.objects.get(pk=lab.source_connection.pk).hook_key
    assert f"http://northwind.localhost/hooks/{key}" in page
    assert "whsec_" not in page
    assert "The one before is taken" not in shown
    again = staff.post(f"{place}webhooks/").content.decode()
    assert "The one before is taken for another day" in again
    staff.post(f"{place}webhooks/close/", {"reason": "Moved"})
    assert "/hooks/" not in staff.get(place).content.decode()


def test_a_comparison_is_asked_for_and_its_question_answered(
    lab: Lab, northwind: Partner, staff: Browser
) -> None:
    place = f"/work/connections/{lab.source_connection.pk}/"
    assert "Compare with the source" in staff.get(place).content.decode()
    staff.post(f"{place}compare/", {"stream": lab.customers.pk, "reason": "To be sure"})
    with tenant_context(northwind):
        stream = Stream.objects.get(pk=lab.customers.pk)
        assert stream.next_compare_at is not None
        asking = {"no": 1, "started": "2026-11-01T00:00:00Z", "seen": 0, "asking": 3, "known": 4}
        Stream.objects.filter(pk=stream.pk).update(compare=asking)
    assert "3 of 4 customers are missing" in staff.get(place).content.decode()
    staff.post(f"{place}deletions/", {"stream": lab.customers.pk, "reason": "They left"})
    with tenant_context(northwind):
        assert Stream.objects.get(pk=lab.customers.pk).compare is None


def test_another_connections_stream_is_not_there(
    lab: Lab, northwind: Partner, staff: Browser
) -> None:
    place = f"/work/connections/{lab.target_connection.pk}/"
    for stream in (lab.customers.pk, "9" * 5000):
        staff.post(f"{place}compare/", {"stream": stream, "reason": "Wrong"})
    with tenant_context(northwind):
        assert Stream.objects.get(pk=lab.customers.pk).next_compare_at is None


def test_the_objects_and_fields_that_a_system_offers_are_named(
    lab: Lab, northwind: Partner, staff: Browser
) -> None:
    seen = Check("Customers", True, "", object="customers", fields=("name", "address.city"))
    empty = Check("Projects", True, "", object="projects")
    with tenant_context(northwind):
        rows = Connection.objects.filter(pk=lab.source_connection.pk)
        rows.update(checks=[asdict(seen), asdict(empty)])
    shown = staff.get(f"/work/connections/{lab.source_connection.pk}/").content.decode()
    offered = shown[shown.index("What it offers") :]
    assert "2 fields" in offered
    assert ">address.city<" in offered
    assert "projects" not in offered[: offered.index("</section>")].lower()


@pytest.mark.parametrize(
    ("breaker", "told"),
    [("closed", "asked us to slow down"), ("open", "Too many calls in a row failed")],
)
def test_a_system_that_is_left_alone_says_until_when(
    lab: Lab, northwind: Partner, staff: Browser, breaker: str, told: str
) -> None:
    place = f"/work/connections/{lab.target_connection.pk}/"
    assert "Left alone" not in staff.get(place).content.decode()
    with tenant_context(northwind):
        rows = Connection.objects.filter(pk=lab.target_connection.pk)
        rows.update(breaker=breaker, breaker_until=timezone.now() + timedelta(minutes=5))
    shown = staff.get(place).content.decode()
    assert told in shown
