"""A record's lineage for programs: the whole way, its audit entries, and no payload."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from governance import correlation
from governance.actors import Actor, command_actor
from mappings.models import MappingVersion
from syncjobs.connectors.errors import Rejected
from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.services.corrections import correct_record
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.at_home import at_home
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")
Ask = Callable[..., Any]


@pytest.fixture
def ask(northwind: Partner) -> Ask:
    """Ask the API with a token of Alice's that has these scopes."""

    def asked(path: str, *scopes: str) -> Any:
        with tenant_context(northwind):
            user = User.objects.get(email=actors.ALICE.email)
            key = make_token(command_actor("tests"), user=user, name="t", scopes=scopes)[1]
        host = {"host": "admin.northwind.localhost", "authorization": f"Bearer {key}"}
        return Browser(headers=host).get(f"/api/v1/{path}/").json()

    return asked


def test_a_program_follows_a_record_from_its_source_to_its_targets(lab: Lab, ask: Ask) -> None:
    lab.put_customer("1", phone="+41 44 000 00 00")
    lab.drain()
    record, delivery = CanonicalRecord.objects.get(), Delivery.objects.get()
    told = ask(f"records/{record.pk}/lineage", "records.view")
    assert told["record"]["key"] == record.key
    (version,) = told["versions"]
    assert (version["number"], version["connection"]) == (1, lab.source_connection.pk)
    assert version["correction"] is None
    assert {one["connection"] for one in told["references"]} == {
        lab.source_connection.pk,
        lab.target_connection.pk,
    }
    assert [one["type"] for one in told["events"]] == ["customer.changed"]
    (written,) = told["deliveries"]
    assert (written["id"], written["state"]) == (delivery.pk, "delivered")
    live = MappingVersion.objects.get(pk=delivery.mapping_version or 0)
    assert written["mapping_version"]["number"] == live.number
    (one,) = written["tries"]
    assert (one["outcome"], one["wrote"]) == ("delivered", True)
    assert {"request", "answer"}.isdisjoint(one)
    assert "data" not in told["record"]
    assert told["audit"] is None, "the token may not read the trail"


def test_each_try_tells_how_it_ended_and_the_trail_is_read_by_its_numbers(
    lab: Lab, ask: Ask
) -> None:
    lab.target.fail_before = [Rejected("No such tax code")]
    lab.put_customer("1")
    lab.drain()
    record = CanonicalRecord.objects.get()
    told = ask(f"records/{record.pk}/lineage", "records.view", "audit.view")
    (written,) = told["deliveries"]
    assert [one["outcome"] for one in written["tries"]] == ["failed"]
    assert told["audit"], "the delivery's failure is in the trail"
    for entry in told["audit"]:
        there = ask(f"audit-entries/{entry['id']}", "audit.view")
        assert there["object_id"] == entry["object_id"] == str(written["id"])


def test_a_version_made_by_hand_says_who_made_it_and_why(
    lab: Lab, ask: Ask, actor: Callable[[actors.Person], Actor]
) -> None:
    lab.put_customer("1")
    lab.drain()
    record, alice = CanonicalRecord.objects.get(), actor(actors.ALICE)
    with correlation.scope(actor=alice, door="admin"):
        correct_record(alice, record, field="name", text="Anew Ltd", reason="By phone")
    told = ask(f"records/{record.pk}/lineage", "records.view")
    made = [one["correction"] for one in told["versions"]]
    assert made == [{"by": "Alice Moreau", "reason": "By phone"}, None]


def test_many_deliveries_cost_no_more_queries(lab: Lab, ask: Ask) -> None:
    lab.put_customer("1")
    lab.drain()
    record = CanonicalRecord.objects.get()
    path, scopes = f"records/{record.pk}/lineage", ("records.view", "audit.view")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(path, *scopes)
        return len(queries)

    asked()
    few = asked()
    first = Delivery.objects.get()
    for number in range(5):
        first.pk, first.idempotency_key = None, f"again-{number}"
        first.save()
    assert asked() == few
