"""Ids in rows that are written by the thousand name a row, and go on to (docs/decisions/0015)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    Event,
    Run,
    Stream,
    WorkflowVersion,
)
from tests.syncjobs.dangling import dangling, unchecked
from tests.syncjobs.factories import Lab


def test_no_id_names_a_row_that_is_not_there(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    assert len(unchecked()) > 15
    assert Delivery.objects.get().state == "delivered"
    assert dangling() == {}

    Delivery.objects.update(event_id=4_711)
    assert dangling() == {"syncjobs_delivery.event_id": 1}


@pytest.mark.parametrize("model", [Connection, WorkflowVersion, CanonicalRecord, Event, Delivery])
def test_what_others_name_is_not_deleted(lab: Lab, model: type) -> None:
    lab.put_customer("1")
    lab.drain()
    table = model._meta.db_table  # type: ignore[attr-defined]  # one of the models above
    with transaction.atomic(), connection.cursor() as cursor:
        # Whatever else refers to it by a checked key is not what refuses here.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        with pytest.raises(IntegrityError, match=f"DELETE of {table} is refused"):
            cursor.execute(f"DELETE FROM {table}")
        transaction.set_rollback(True)


def test_a_run_goes_only_while_no_delivery_names_it(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    run = Delivery.objects.get().run
    assert run is not None
    with pytest.raises(IntegrityError, match="deliveries name it"), transaction.atomic():
        Run.objects.filter(pk=run.pk)._raw_delete("default")
    quiet = Run.objects.create(client=lab.client, kind="intake", stream=Stream.objects.get())
    quiet.ended_at = timezone.now()
    quiet.delete()
    assert not Run.objects.filter(pk=quiet.pk).exists()
