"""Backfilling a workflow from a day on: behind live work, at its own pace, doubling nothing."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import Actor
from governance.errors import BadTransition, NotPermitted
from governance.models import AuditEntry
from syncjobs.engine import doorbell
from syncjobs.models import CanonicalRecord, Delivery, Workflow
from syncjobs.services.backfills import cancel_backfill, preview_backfill, start_backfill
from syncjobs.services.connections import read_again
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, Lab, make_workflow, step

DAY = date(2026, 6, 1)


@pytest.fixture
def later(lab: Lab) -> Workflow:
    """A workflow to another system, installed when five customers were there already."""
    for n in range(5):
        lab.put_customer(str(n))
    lab.drain()
    CanonicalRecord.objects.update(source_at=timezone.now())
    CanonicalRecord.objects.filter(key="C-0").update(source_at=f"{DAY}T00:00:00Z")
    CanonicalRecord.objects.filter(key="C-1").update(source_at="2026-05-31T23:59:59Z")
    CanonicalRecord.objects.filter(key="C-2").update(deleted=True)
    assert len(lab.target.effects) == 5
    lab.target.effects.clear()
    target = {"role": "erp", "object": "copies", "connection": lab.target_connection.pk}
    return make_workflow(
        lab.client, [step("copy", lab.target_connection, target=target)], name="Later"
    )


def test_a_backfill_plans_what_was_there_from_a_day_on_and_ends(lab: Lab, later: Workflow) -> None:
    assert preview_backfill(BUILDER, later, start=DAY) == 3
    run = start_backfill(BUILDER, later, start=DAY, reason="New billing system")
    with pytest.raises(BadTransition, match="goes on already"):
        start_backfill(BUILDER, later, start=DAY, reason="Again")
    assert doorbell.settle() == 0
    lab.drain()
    written = {one.reference for one in lab.target.effects}
    assert written == {"C-0", "C-3", "C-4"}
    rows = Delivery.objects.filter(workflow=later)
    assert set(rows.values_list("priority", "run")) == {(Workflow.Priority.BULK, run.pk)}
    Workflow.objects.update(next_backfill_at=timezone.now() - timedelta(seconds=1))
    lab.drain()
    later.refresh_from_db()
    run.refresh_from_db()
    assert (later.backfill, run.state, run.read, run.delivered) == (None, "succeeded", 3, 3)

    # Again: everything is there already.
    start_backfill(BUILDER, later, start=DAY, reason="To be sure")
    lab.drain()
    assert len(lab.target.effects) == 3


def test_a_backfill_goes_at_its_own_pace_behind_live_work(lab: Lab, later: Workflow) -> None:
    start_backfill(BUILDER, later, start=DAY, reason="Slowly", per_minute=3)
    lab.put_customer("9")
    order: list[str] = []
    lab.target.on_write = lambda write: order.append(write.reference)
    lab.drain()
    assert order[0] == "C-9"
    later.refresh_from_db()
    assert later.next_backfill_at is not None
    # Three records at three a minute: the next step is a minute away.
    assert later.next_backfill_at > timezone.now() + timedelta(seconds=50)


def test_a_cancelled_backfill_leaves_nothing_behind(lab: Lab, later: Workflow) -> None:
    run = start_backfill(BUILDER, later, start=DAY, reason="Slowly", per_minute=60)
    lab.drain(most=1)
    # A pause of the target: what is planned waits.
    assert cancel_backfill(BUILDER, later, reason="Wrong day") >= 0
    before = len(lab.target.effects)
    lab.deliver_late()
    later.refresh_from_db()
    run.refresh_from_db()
    assert later.backfill is None
    assert len(lab.target.effects) == before
    assert not Delivery.objects.filter(run=run, state="pending").exists()
    assert AuditEntry.objects.filter(action="workflow.backfill_cancelled").exists()
    with pytest.raises(ValidationError, match="No backfill"):
        cancel_backfill(BUILDER, later, reason="Again")


def test_what_cannot_be_backfilled_is_refused_in_words(
    later: Workflow, actor: Callable[[Person], Actor]
) -> None:
    with pytest.raises(ValidationError, match="no record from 2030-01-01"):
        start_backfill(BUILDER, later, start=date(2030, 1, 1), reason="Future")
    with pytest.raises(ValidationError, match="between 1 and"):
        start_backfill(BUILDER, later, start=DAY, reason="Fast", per_minute=10**6)
    Workflow.objects.update(state="paused")
    with pytest.raises(BadTransition, match="paused"):
        start_backfill(BUILDER, later, start=DAY, reason="Paused")
    with pytest.raises(NotPermitted):
        preview_backfill(actor(actors.FRANK), later, start=DAY)


def test_reading_everything_again_starts_anew_and_doubles_nothing(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    read_again(BUILDER, lab.customers, reason="The source was repaired")
    lab.customers.refresh_from_db()
    assert lab.customers.cursor is None
    before = lab.source.reads
    lab.drain()
    assert lab.source.reads > before
    assert len(lab.target.effects) == 1


def test_its_pages_preview_start_show_how_far_it_is_and_cancel(
    later: Workflow, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    staff = browse(actors.BOB)
    place = f"/work/workflows/{later.pk}/"
    assert "Choose a day" in staff.get(place).content.decode()
    assert "3 records" in staff.get(f"{place}backfill/", {"start": "2026-06-01"}).content.decode()
    none = staff.get(f"{place}backfill/", {"start": "2199-12-31"}).content.decode()
    assert "Nothing is there from this day on" in none
    assert "Start the backfill" not in none
    started = {"start": "2026-06-01", "per_minute": "60", "reason": "New system"}
    staff.post(f"{place}backfill/", started)
    page = staff.get(place).content.decode()
    assert "Backfill from 2026-06-01" in page
    assert "0 of about 3" in page
    staff.post(f"{place}backfill/cancel/", {"reason": "Wrong day"})
    staff.post(f"{place}schedule/", {"mode": "scheduled", "schedule": "15 2 * * *"})
    page = staff.get(place).content.decode()
    assert "15 2 * * *" in page
    assert "Choose a day" in page
    with tenant_context(northwind):
        row = Workflow.objects.get(pk=later.pk)
        assert (row.backfill, row.mode) == (None, "scheduled")
