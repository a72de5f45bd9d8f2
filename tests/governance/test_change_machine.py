"""Whatever people do, in any order: nothing unapproved, unread or one's own goes live."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from governance.actors import Actor, command_actor
from tenants.accounts.models import Client, Role, RoleGrant, User
from tenants.accounts.permissions import CLIENT_PERMISSIONS
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.governance.door_machine import API, HELD, DoorMachine
from tests.syncjobs.factories import make_connection

EXAMPLES, STEPS = 9, 30
HOST = "admin.northwind.localhost"


def _program(owner: Actor, client: Client | None = None) -> Browser:
    """A program with a token of the owner's that may do all that a token may."""
    scopes = owner.permissions
    if client is not None:
        scopes = (scopes & CLIENT_PERMISSIONS) | {"changes.apply"}
    assert owner.id is not None
    person = User.objects.get(pk=owner.id)
    _, text = make_token(owner, user=person, name="CI", scopes=sorted(scopes), client=client)
    return Browser(headers={"host": HOST, "authorization": f"Bearer {text}"})


@pytest.mark.usefixtures("governed", "at_home")
def test_no_order_of_steps_gets_around_the_rules(
    alice: Actor,
    bob: Actor,
    carol: Actor,
    heidi: Actor,
    alder: Client,
    birch: Client,
    actor: Callable[[Person], Actor],
    browse: Callable[..., Browser],
    northwind: Partner,
) -> None:
    token = Actor("token", 1, "CI", permissions=alice.permissions, person_id=alice.id)
    DoorMachine.clients = [alder, birch]
    DoorMachine.systems = [make_connection(one, "sandbox_crm") for one in (alder, birch)]
    DoorMachine.people = {
        "alice": alice,
        "bob": bob,
        "carol": carol,
        "heidi": heidi,
        "mallory": actor(actors.MALLORY),
        "token": token,
        "command": command_actor("a command"),
    }
    DoorMachine.browsers = {
        "bob": browse(actors.BOB),
        "carol": browse(actors.CAROL),
        "heidi": browse(actors.HEIDI),
    }
    DoorMachine.role = role = Role.objects.create(name="Clerk", kind="staff", permissions=HELD[0])
    RoleGrant.objects.create(user=User.objects.get(email=actors.BOB.email), own_role=role)
    DoorMachine.schema = northwind.schema_name
    DoorMachine.programs = {
        "token": _program(alice),
        "client token": _program(alice, alder),
        "session": browse(actors.CAROL),
        "nobody": Browser(headers={"host": HOST}),
    }
    assert DoorMachine.programs["token"].get(f"{API}/change-requests/").status_code == 200
    run_state_machine_as_test(
        DoorMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
