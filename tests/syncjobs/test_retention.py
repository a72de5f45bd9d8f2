"""Old payloads, attempts and messages go in batches; nothing open and no outcome does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from syncjobs.connectors.base import SourceRecord
from syncjobs.engine import retention
from syncjobs.models import (
    Attempt,
    CanonicalRecord,
    Delivery,
    InboundEvent,
    RecordVersion,
    Run,
)
from tests import actors
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]

KEEP = {"payloads": 90, "attempts": 90, "messages": 30, "readings": 30}


@pytest.fixture
def year_old(lab: Lab) -> Lab:
    """Five customers, delivered a year ago."""
    cache.clear()
    for n in range(1, 6):
        lab.put_customer(str(n))
    lab.drain()
    grow_old()
    return lab


def grow_old() -> None:
    long_ago = timezone.now() - timedelta(days=365)
    Attempt.objects.update(started_at=long_ago)
    RecordVersion.objects.update(at=long_ago)
    InboundEvent.objects.update(received_at=long_ago)
    Run.objects.update(ended_at=long_ago)


def test_payloads_and_attempts_go_and_what_became_of_them_stays(year_old: Lab) -> None:
    year_old.put_customer("6")
    year_old.drain()
    done = retention.sweep(KEEP)
    assert (done["payloads"], done["attempts"]) == (5, 5)
    assert RecordVersion.objects.filter(source__isnull=False).count() == 1
    assert RecordVersion.objects.exclude(data={}).count() == 6
    assert Attempt.objects.count() == 1
    assert Delivery.objects.filter(state="delivered").count() == 6
    assert retention.sweep(KEEP)["payloads"] == 0


@pytest.mark.usefixtures("at_home")
def test_the_page_of_what_was_done_does_not_call_it_unsent(
    year_old: Lab, browse: Callable[..., Browser]
) -> None:
    delivered, unchanged, waiting = Delivery.objects.order_by("pk")[:3]
    staff = browse(actors.DAVE)

    def told(delivery: Delivery) -> str:
        return staff.get(page_url("delivery_detail", delivery.pk)).content.decode()

    assert "Try 1" in told(delivered)
    retention.sweep(KEEP)
    assert "Its tries are kept no more" in told(delivered)
    Delivery.objects.filter(pk=unchanged.pk).update(state="unchanged")
    assert "It ended without a call." in told(unchanged)
    long_ago = timezone.now() - timedelta(days=500)
    Delivery.objects.filter(pk=unchanged.pk).update(finished_at=long_ago)
    assert "Its tries are kept no more" in told(unchanged)
    Delivery.objects.filter(pk=waiting.pk).update(state="waiting", finished_at=None)
    assert "Nothing was sent yet" in told(waiting)


def test_a_record_that_comes_again_afterwards_is_still_known(year_old: Lab) -> None:
    retention.sweep(KEEP)
    year_old.put_customer("1")
    year_old.drain()
    assert year_old.target.created("C-1") == 1
    assert len(year_old.target.effects) == 5


def test_large_amounts_go_in_batches(year_old: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "_MOST_BATCHES", 2)
    assert retention.sweep(KEEP)["attempts"] == 4
    assert retention.sweep(KEEP)["attempts"] == 1
    assert not RecordVersion.objects.filter(source__isnull=False).exists()


def test_attempts_of_what_is_still_open_stay(year_old: Lab) -> None:
    Delivery.objects.filter(record__key="C-1").update(state="parked")
    assert retention.sweep(KEEP)["attempts"] == 4
    assert Attempt.objects.get().delivery.record.key == "C-1"


def test_messages_that_wait_or_were_set_aside_stay(year_old: Lab) -> None:
    for n, state in enumerate(("processed", "discarded", "received", "set_aside")):
        InboundEvent.objects.create(
            connection=year_old.source_connection,
            dedupe_key=f"hook:{n}:0",
            payload={"n": n},
            state=state,
        )
    grow_old()
    assert retention.sweep(KEEP)["messages"] == 2
    left = InboundEvent.objects.values_list("state", flat=True)
    assert sorted(left) == ["received", "set_aside"]


def test_quiet_readings_go_and_those_that_brought_something_stay(year_old: Lab) -> None:
    brought = Run.objects.get(kind="intake")
    quiet = Run.objects.create(
        client=year_old.client,
        kind="intake",
        trigger="schedule",
        stream=year_old.customers,
        state="succeeded",
    )
    grow_old()
    assert retention.sweep(KEEP)["readings"] == 1
    assert Run.objects.filter(pk=brought.pk).exists()
    assert not Run.objects.filter(pk=quiet.pk).exists()


def test_zero_keeps_a_kind_for_good(year_old: Lab) -> None:
    assert "attempts" not in retention.sweep({**KEEP, "attempts": 0})
    assert Attempt.objects.count() == 5


def test_a_deletion_without_a_payload_is_no_obstacle(year_old: Lab) -> None:
    retention.sweep(KEEP)
    year_old.source.put("customers", SourceRecord("1", "x", None, {"no": "C-1"}, deleted=True))
    year_old.drain()
    assert CanonicalRecord.objects.get(key="C-1").deleted
