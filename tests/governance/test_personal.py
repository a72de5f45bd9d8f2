"""What is personal in the trail: readable while the person's key is there, gone with it."""

import os
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client as Browser
from django.test import TestCase
from django_tenants.utils import tenant_context

from governance import correlation, subject_keys
from governance.actors import Actor
from governance.models import AuditEntry, SubjectKey
from governance.personal import ERASED
from governance.services.seals import seal_trail
from governance.services.verifying import verify_trail
from syncjobs.services.secrets import rewrap_data_keys
from tenants.accounts.models import User
from tenants.accounts.services.people import add_person, set_active
from tenants.models import Partner
from tenants.postgres import roles
from tenants.postgres.schemas import drop_schema
from tests import actors
from tests.actors import Person

pytestmark = pytest.mark.usefixtures("anchors")

ADDRESS = "198.51.100.77"
ZOE = "zoe.lang@partner.example"


@pytest.fixture(autouse=True)
def _fresh_keys() -> Iterator[None]:
    """No key of one test reaches the next."""
    subject_keys._known.clear()
    yield
    subject_keys._known.clear()


@pytest.fixture
def alice(actor: Callable[[Person], Actor]) -> Actor:
    return actor(actors.ALICE)


def invite(alice: Actor) -> tuple[User, AuditEntry]:
    with correlation.scope(actor=alice, door="admin", address=ADDRESS):
        user = add_person(alice, email=ZOE, name="Zoe Lang", roles=["auditor"])
    return user, AuditEntry.objects.latest("id")


def raw(entry: AuditEntry) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM governance_auditentry e WHERE id = %s", [entry.pk])
        return str(cursor.fetchone()[0])


def test_names_and_addresses_are_sealed_in_the_table_and_open_for_readers(alice: Actor) -> None:
    _, entry = invite(alice)
    assert entry.actor_label == alice.label
    assert entry.address == ADDRESS
    assert (entry.object_label, entry.after["email"]) == ("Zoe Lang", ZOE)
    stored = raw(entry)
    for text in (alice.label, actors.ALICE.email, ADDRESS, "Zoe", ZOE):
        assert text not in stored
    assert "auditor" in stored, "roles say nothing about who somebody is"


def test_erasing_a_person_leaves_the_proof_whole(
    alice: Actor, northwind: Partner, browse: Callable[..., Browser]
) -> None:
    user, entry = invite(alice)
    seal_trail()
    before = raw(entry)
    arguments = {"partner": northwind.slug, "email": ZOE}
    with pytest.raises(CommandError, match="Close it first"):
        call_command("erase_person", **arguments, stdout=StringIO())
    with tenant_context(northwind):
        set_active(alice, user, active=False)
        call_command("erase_person", **arguments, stdout=StringIO())
    with tenant_context(northwind):
        subject_keys._known.clear()
        entry = AuditEntry.objects.get(pk=entry.pk)
        assert (entry.object_label, entry.after["email"]) == (ERASED, ERASED)
        assert entry.actor_label == alice.label, "who acted is somebody else"
        assert raw(entry) == before
        assert verify_trail().holds
        user.refresh_from_db()
        assert "Zoe" not in f"{user.name} {user.email}"
        assert AuditEntry.objects.filter(action="subject.erased").count() == 1
        with correlation.scope(actor=alice, door="admin"):
            set_active(alice, user, active=True)
        assert AuditEntry.objects.latest("id").object_label == ERASED
    page = browse(actors.FRANK).get(f"/changes/audit/?kind=user&target={user.pk}")
    assert "Zoe" not in page.content.decode()
    assert ERASED in page.content.decode()


def test_the_keys_outlive_a_change_of_the_master_key(alice: Actor, settings: object) -> None:
    _, entry = invite(alice)
    old = settings.MASTER_KEY  # type: ignore[attr-defined]  # the fixture's
    settings.MASTER_KEY, settings.PREVIOUS_MASTER_KEYS = os.urandom(32), [old]  # type: ignore[attr-defined]
    rewrap_data_keys(alice)
    settings.PREVIOUS_MASTER_KEYS = []  # type: ignore[attr-defined]
    subject_keys._known.clear()
    assert AuditEntry.objects.get(pk=entry.pk).actor_label == alice.label
    settings.MASTER_KEY = os.urandom(32)  # type: ignore[attr-defined]
    subject_keys._known.clear()
    assert alice.label not in AuditEntry.objects.get(pk=entry.pk).actor_label
    _, later = invite_again(alice)
    assert later.actor_label == alice.label, "evidence is not lost for a wrong key"


def invite_again(alice: Actor) -> tuple[User, AuditEntry]:
    with correlation.scope(actor=alice, door="admin"):
        user = add_person(alice, email="y@partner.example", name="Y", roles=["auditor"])
    return user, AuditEntry.objects.latest("id")


def test_a_key_is_remembered_only_once_it_is_committed(northwind: Partner, alice: Actor) -> None:
    """After a rollback it would seal what nobody could ever open."""
    with transaction.atomic():
        user, _ = invite(alice)
        with correlation.scope(actor=alice, door="admin"):
            set_active(alice, user, active=False)
        subject = f"person-{user.pk}"
        assert SubjectKey.objects.filter(pk=subject).exists()
        assert (northwind.schema_name, subject) not in subject_keys._known
        transaction.set_rollback(True)
    assert subject_keys.key_for_reading(subject) is None
    with TestCase.captureOnCommitCallbacks(execute=True):
        key = subject_keys.key_for_writing(subject)
    assert subject_keys._known[northwind.schema_name, subject].key == key


def test_a_schema_that_is_dropped_takes_its_keys_from_memory_too() -> None:
    """What is made under its name has persons of the same numbers, and other keys."""
    for trail in ("p_gone", "p_stays"):
        subject_keys._remember(trail, "inbound-1", os.urandom(32))
    with roles.owner_connection() as owner:
        drop_schema(owner, "p_gone")
    assert [trail for trail, _ in subject_keys._known] == ["p_stays"]
