"""What a connection may touch, and for how long things are kept: changed by signature only, and
held to by the engine."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client as Browser

from governance.actors import Actor
from governance.errors import InvalidProposal
from governance.models import AuditEntry, ChangeRequest
from governance.services import changes
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back
from syncjobs.models import Connection, Delivery, Stream
from syncjobs.scope import Scope, scope_from
from syncjobs.services.retention_changes import keep_days, propose_retention
from syncjobs.services.scope_changes import propose_scope
from tests import actors
from tests.actors import Person
from tests.at_home import at_home
from tests.syncjobs.factories import Lab, make_connection

__all__ = ["at_home"]
Of = Callable[[Person], Actor]


@pytest.fixture
def bob(actor: Of) -> Actor:
    """The engineer."""
    ensure_default_policies()
    return actor(actors.BOB)


@pytest.fixture
def carol(actor: Of) -> Actor:
    """The approver."""
    return actor(actors.CAROL)


def sign(actor: Actor, request: ChangeRequest) -> ChangeRequest:
    request.refresh_from_db()
    return changes.approve(actor, request.pk, content_hash=request.content_hash)


def test_nothing_is_written_outside_a_connections_scope(lab: Lab, bob: Actor, carol: Actor) -> None:
    target = lab.target_connection
    narrow = propose_scope(bob, target, Scope("read"), reason="Their audit week.")
    assert not narrow.is_heavy
    lab.put_customer("1")
    assert sign(carol, narrow).status == "applied"
    lab.drain()
    delivery = Delivery.objects.get()
    assert (lab.target.effects, delivery.state) == ([], "failed")
    assert "must not be written to this system" in delivery.outcome
    target.refresh_from_db()
    with pytest.raises(InvalidProposal, match="scope already"):
        propose_scope(bob, target, Scope("read"), reason="r")
    back = roll_back(bob, narrow.pk, reason="The week is over.")
    # What lets more through is the greater risk.
    assert back.touches_money
    assert back.weakens
    assert sign(carol, back).status == "applied"
    lab.put_customer("1", name="Alder")
    lab.drain()
    assert lab.target.effects[-1].data["name"] == "Alder"
    told = AuditEntry.objects.filter(action="connection.scope").order_by("id")
    assert [one.after["direction"] for one in told if one.after] == ["read", "both"]


def test_nothing_is_read_outside_a_connections_scope(lab: Lab, bob: Actor, carol: Actor) -> None:
    source = lab.source_connection
    sign(carol, propose_scope(bob, source, Scope("write"), reason="Only to be told."))
    lab.put_customer("1")
    lab.drain()
    assert not Stream.objects.filter(connection=source, enabled=True).exists()
    assert not Delivery.objects.exists()
    again = propose_scope(
        bob, Connection.objects.get(pk=source.pk), Scope("both", ("customers",)), reason="r"
    )
    assert sign(carol, again).status == "applied"
    lab.drain()
    assert Delivery.objects.count() == 1


def test_a_scope_names_what_there_is() -> None:
    for content, said in (
        ({"direction": "sideways"}, "Choose a direction"),
        ({"direction": "read", "objects": ["nothing"]}, "no object of the name nothing"),
        ({"direction": "read", "objects": "all"}, "list of names"),
    ):
        with pytest.raises(ValueError, match=said):
            scope_from(content, ["customers"])


def test_retention_is_the_partners_own_by_signature(bob: Actor, carol: Actor) -> None:
    assert keep_days() == settings.KEEP_DAYS
    with pytest.raises(InvalidProposal, match="7 to 3650 days, or 0"):
        propose_retention(bob, {"attempts": 3}, reason="r")
    shorter = propose_retention(bob, {"attempts": 30, "payloads": 365}, reason="Less to keep.")
    assert shorter.weakens
    assert keep_days() == settings.KEEP_DAYS
    assert sign(carol, shorter).status == "applied"
    assert keep_days() == {**settings.KEEP_DAYS, "attempts": 30, "payloads": 365}
    longer = propose_retention(bob, {"attempts": 0}, reason="For good.")
    assert longer.weakens  # payloads go back to what the operator says
    back = roll_back(bob, shorter.pk, reason="Too short.")
    assert sign(carol, back).status == "applied"
    assert keep_days() == settings.KEEP_DAYS


@pytest.mark.usefixtures("at_home")
def test_the_pages_propose_a_scope_and_a_retention(
    lab: Lab, bob: Actor, browse: Callable[..., Browser]
) -> None:
    engineer = browse(actors.BOB)
    made = make_connection(lab.client, "Ledger")
    page = f"/work/connections/{made.pk}/scope/"
    assert "None chosen: all of them" in engineer.get(page).content.decode()
    answer = engineer.post(page, {"direction": "read", "objects": ["invoices"], "reason": "r"})
    asked = ChangeRequest.objects.get()
    assert answer["Location"] == f"/changes/{asked.pk}/"
    assert asked.changes.get().content == {"direction": "read", "objects": ["invoices"]}
    assert "Reading and writing" in engineer.get(f"/work/connections/{made.pk}/").content.decode()
    answer = engineer.post("/work/connections/retention/", {"messages": "60", "reason": "r"})
    kept = ChangeRequest.objects.latest("pk")
    assert answer["Location"] == f"/changes/{kept.pk}/"
    assert kept.changes.get().content == {"days": {"messages": 60}}
