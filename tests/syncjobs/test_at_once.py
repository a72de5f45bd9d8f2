"""What runs at once is bounded over all workers; one client's backlog delays no other's."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from syncjobs.engine import claim
from syncjobs.engine.slots import places
from syncjobs.engine.standing import standing
from syncjobs.intake.polling import poll_stream
from syncjobs.models import Connection, Delivery, Stream
from tenants import health
from tenants.accounts.models import Client
from tenants.context import current_schema, public_scope, schema_scope
from tests.syncjobs.factories import Lab, make_lab


@contextmanager
def another_worker(system: Connection, wanted: int) -> Iterator[int]:
    """Hold places in a database session of another thread; yield how many."""
    schema, there, done = current_schema(), threading.Event(), threading.Event()
    got: list[int] = []

    def work() -> None:
        try:
            with schema_scope(schema), places(system, wanted) as found:
                got.append(found)
                there.set()
                done.wait(30)
        finally:
            there.set()
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    there.wait(30)
    try:
        yield got[0]
    finally:
        done.set()
        thread.join()


def _narrow_connection(lab: Lab, settings: Settings) -> None:
    lab.target_connection.in_flight = 3


def _narrow_client(lab: Lab, settings: Settings) -> None:
    settings.MOST_AT_ONCE = {"client": 3, "partner": 64}


def _narrow_partner(lab: Lab, settings: Settings) -> None:
    settings.MOST_AT_ONCE = {"client": 32, "partner": 3}


@pytest.mark.parametrize("narrow", [_narrow_connection, _narrow_client, _narrow_partner])
def test_two_workers_share_the_places_of_a_system_a_client_and_a_partner(
    lab: Lab, settings: Settings, narrow: Callable[[Lab, Settings], None]
) -> None:
    system = lab.target_connection
    system.in_flight = 8
    narrow(lab, settings)
    with another_worker(system, 2) as theirs, places(system, 8) as ours:
        assert (theirs, ours) == (2, 1)
    with places(system, 8) as ours:
        assert ours == 3, "what a worker held is free when it is done"


def test_a_tighter_bound_leaves_the_rest_to_others(lab: Lab, settings: Settings) -> None:
    settings.MOST_AT_ONCE = {"client": 2, "partner": 64}
    system = lab.target_connection
    system.in_flight = 4
    other = make_lab(Client.objects.create(name="Third", slug="third")).target_connection
    other.in_flight = 4
    with places(system, 4) as first, another_worker(other, 4) as second:
        assert (first, second) == (2, 2), "each client has its own; the partner's are enough"


def test_a_worker_without_a_place_sends_nothing_and_gives_the_work_back(lab: Lab) -> None:
    Connection.objects.filter(pk=lab.target_connection.pk).update(in_flight=1)
    lab.target_connection.in_flight = 1
    _their_claim(lab)
    lab.put_customer("1")
    with another_worker(lab.target_connection, 1):
        done = lab.drain()
    assert lab.target.effects == []
    assert not done.more, "the sweep comes again; this worker does not spin"
    row = lab.delivery("C-1")
    assert (row.state, row.attempts) == ("pending", 0)
    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"


def test_a_worker_that_hangs_keeps_its_places_and_holds_nobody_up(lab: Lab) -> None:
    Connection.objects.filter(pk=lab.target_connection.pk).update(in_flight=1)
    lab.target_connection.in_flight = 1
    _their_claim(lab)
    lab.put_customer("1")
    with another_worker(lab.target_connection, 1):
        Delivery.objects.filter(state="running").update(lease_until=timezone.now())
        lab.drain()
    assert lab.delivery("C-1").state == "delivered"


def _their_claim(lab: Lab) -> None:
    """Let another worker have claimed a delivery of its own and be about to send it."""
    lab.put_customer("77")
    Stream.objects.update(next_poll_at=timezone.now())
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    assert len(claim.claim()) == 1


def test_a_backlog_of_one_client_leaves_room_for_another(lab: Lab) -> None:
    other = make_lab(Client.objects.create(name="Third", slug="third"))
    for number in range(8):
        lab.put_customer(str(number))
    other.put_customer("99")
    lab.drain(most=0)
    for one in (lab, other):
        one.customers.next_poll_at = timezone.now()
        one.customers.save(update_fields=["next_poll_at"])
        poll_stream(one.customers.pk, one.systems(), stop=lambda: False)
    assert Delivery.objects.filter(state="pending").count() == 9
    taken = {one.delivery_id for one in claim.claim(4)}
    clients = set(Delivery.objects.filter(pk__in=taken).values_list("client_id", flat=True))
    assert clients == {lab.client.pk, other.client.pk}


def _told() -> dict[str, Any]:
    cache.clear()
    with public_scope():
        return health.told_work()


def test_health_tells_leases_and_breakers_over_all_partners(lab: Lab) -> None:
    before = _told()
    for number in range(3):
        lab.put_customer(str(number))
    lab.drain(most=0)
    Stream.objects.update(next_poll_at=timezone.now())
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    taken = claim.claim()
    Delivery.objects.filter(pk=taken[0].delivery_id).update(lease_until=timezone.now())
    Connection.objects.filter(pk=lab.source_connection.pk).update(breaker="open")
    work = _told()
    assert work["leases"] - before["leases"] == 3
    assert work["leases_expired"] - before["leases_expired"] == 1
    assert work["breakers_open"] - before["breakers_open"] == 1
    mine = next(one for one in standing().partners if one.schema == current_schema())
    assert (mine.leases, mine.expired_leases, mine.breakers_open) == (2, 1, 1)
