"""A restored backup makes nothing twice: what was sent after it was made is asked for."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance import anchors
from governance.actors import Actor
from governance.models import AuditEntry
from governance.services.seals import last_seal, seal_trail
from governance.statements import statement_from
from syncjobs.engine import restored
from syncjobs.models import Connection, Delivery
from syncjobs.services.connections import create_connection, stop_asking_first
from tenants.context import current_schema
from tenants.models import Partner
from tests.actors import BOB, Person
from tests.syncjobs.factories import Lab, step

KEYS = ("1", "2", "3")


@pytest.fixture(autouse=True)
def _nobody_has_looked(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.AUDIT_ANCHORS = tmp_path / "anchors"
    restored._looked.clear()
    yield
    restored._looked.clear()


@contextmanager
def forgotten() -> Iterator[None]:
    """Run the block, then bring the database back to where it was: the systems keep it all."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    restored._looked.clear()


def _write_anchor() -> None:
    """Seal what there is, and write the end of the trail into the folder."""
    seal_trail()
    seal = last_seal()
    assert seal is not None
    anchors.write_line(current_schema(), seal.statement, seal.signature)


def _send(lab: Lab) -> None:
    for key in KEYS:
        lab.put_customer(key)
    lab.drain()
    assert {lab.delivery(f"C-{key}").state for key in KEYS} == {"delivered"}


def _created(lab: Lab) -> list[int]:
    return [lab.target.created(f"C-{key}") for key in KEYS]


def test_without_asking_everything_would_be_made_twice(lab: Lab) -> None:
    """What the others are worth: nothing else keeps a forgotten write from being repeated."""
    with forgotten():
        _send(lab)
    lab.drain()
    assert _created(lab) == [2, 2, 2]


def test_what_is_there_as_it_should_be_is_left_and_counts_as_delivered(lab: Lab) -> None:
    with forgotten():
        _send(lab)
    restored.ask_first(reason="Restored.")
    lab.drain()
    assert _created(lab) == [1, 1, 1]
    assert len(lab.target.effects) == 3
    assert {lab.delivery(f"C-{key}").state for key in KEYS} == {"delivered"}
    assert "there already" in lab.delivery("C-1").outcome


def test_what_is_there_otherwise_is_linked_where_a_step_only_creates(lab: Lab) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, mode="create")])
    with forgotten():
        _send(lab)
    lab.put_customer("1", timezone.now() + timedelta(minutes=1), name="Changed since")
    restored.ask_first(reason="Restored.")
    lab.drain()
    assert _created(lab) == [1, 1, 1]
    assert lab.delivery("C-1").state == "unchanged"
    assert "linked" in lab.delivery("C-1").outcome


def test_what_is_not_there_is_made(lab: Lab) -> None:
    restored.ask_first(reason="Restored.")
    _send(lab)
    assert _created(lab) == [1, 1, 1]


def test_a_later_version_goes_onto_what_is_there(lab: Lab) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, mode="upsert")])
    with forgotten():
        _send(lab)
    restored.ask_first(reason="Restored.")
    lab.put_customer("1", timezone.now() + timedelta(minutes=1), name="Changed since")
    lab.drain()
    assert _created(lab) == [1, 1, 1]
    assert [one.what for one in lab.target.effects if one.reference == "C-1"][-1] == "updated"


def test_where_nobody_can_be_asked_a_person_decides(lab: Lab, bob: Actor) -> None:
    with forgotten():
        _send(lab)
    lab.target.can_look_up = False
    restored.ask_first(reason="Restored.")
    lab.drain()
    assert _created(lab) == [1, 1, 1]
    assert lab.delivery("C-1").state == "parked"
    with pytest.raises(ValidationError, match="reason"):
        stop_asking_first(bob, lab.target_connection, reason=" ")
    stop_asking_first(bob, lab.target_connection, reason="Its people deleted all three.")
    assert Connection.objects.get(pk=lab.target_connection.pk).ask_first_until is None
    assert AuditEntry.objects.filter(action="connection.asking_ended").count() == 1


def test_it_ends_by_itself(lab: Lab) -> None:
    restored.ask_first(reason="Restored.", days=0)
    with forgotten():
        _send(lab)
    lab.drain()
    assert _created(lab) == [2, 2, 2]


def test_a_worker_finds_out_by_the_anchors(lab: Lab) -> None:
    lab.drain()
    _write_anchor()
    with forgotten():
        _send(lab)
        _write_anchor()
    lab.drain()
    assert _created(lab) == [1, 1, 1]
    noted = AuditEntry.objects.get(action="installation.restored")
    assert noted.reason == "The audit trail ends before its anchor."
    assert restored.asking_until() is not None


def test_a_system_that_is_connected_afterwards_is_asked_as_well(lab: Lab, bob: Actor) -> None:
    """It may be one that was connected after the backup, and is connected again."""
    assert restored.asking_until() is None
    restored.ask_first(reason="Restored.", days=3)
    made = create_connection(
        bob,
        client=lab.client,
        connector="sandbox_crm",
        name="Once more",
        config={"base_url": "http://127.0.0.1:9"},
        secret={"token": "x"},
    )
    until = Connection.objects.get(pk=made.pk).ask_first_until
    assert until is not None
    assert until == Connection.objects.get(pk=lab.target_connection.pk).ask_first_until


def test_it_is_noted_once(lab: Lab) -> None:
    lab.drain()
    _write_anchor()
    with forgotten():
        _send(lab)
        _write_anchor()
    for _ in range(2):
        restored._looked.clear()
        lab.drain()
    assert AuditEntry.objects.filter(action="installation.restored").count() == 1


def test_a_trail_that_goes_on_after_its_anchor_is_not_restored(lab: Lab) -> None:
    _send(lab)
    _write_anchor()
    restored._looked.clear()
    lab.put_customer("4")
    lab.drain()
    assert Connection.objects.filter(ask_first_until__isnull=False).count() == 0


def test_an_anchor_of_a_partner_that_had_the_name_before_says_nothing(lab: Lab) -> None:
    _send(lab)
    _write_anchor()
    seal = last_seal()
    assert seal is not None
    theirs = replace(statement_from(seal.statement), number=seal.number + 5, at=1_000_000_000.0)
    anchors.write_line(current_schema(), theirs.text(), seal.signature)
    restored._looked.clear()
    lab.drain()
    assert Connection.objects.filter(ask_first_until__isnull=False).count() == 0


def test_the_command_says_how_far_is_known(lab: Lab, northwind: Partner) -> None:
    out = io.StringIO()
    call_command("after_restore", partner=northwind.slug, stdout=out)
    assert f"{northwind.schema_name}: known until" in out.getvalue()
    assert "2 systems are asked first" in out.getvalue()


def test_the_page_says_so_and_can_end_it(
    lab: Lab, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    place = f"/work/connections/{lab.target_connection.pk}/"
    assert "Asked first until" not in browse(BOB).get(place).content.decode()
    with tenant_context(northwind):
        restored.ask_first(reason="Restored.")
    assert "Stop asking first" in browse(BOB).get(place).content.decode()
    said = browse(BOB).post(f"{place}stop-asking/", {"reason": "Checked."}, follow=True)
    assert "without asking first" in said.content.decode()
    with tenant_context(northwind):
        assert Connection.objects.get(pk=lab.target_connection.pk).ask_first_until is None
        assert Delivery.objects.count() == 0
