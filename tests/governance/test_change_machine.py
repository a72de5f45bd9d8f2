"""Whatever people do, in any order: nothing unapproved, unread or one's own goes live."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from governance.actors import Actor, command_actor
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.governance.change_machine import ChangeMachine
from tests.syncjobs.factories import make_connection

EXAMPLES, STEPS = 9, 30


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
) -> None:
    token = Actor("token", 1, "CI", permissions=alice.permissions, person_id=alice.id)
    ChangeMachine.clients = [alder, birch]
    ChangeMachine.systems = [make_connection(one, "sandbox_crm") for one in (alder, birch)]
    ChangeMachine.people = {
        "alice": alice,
        "bob": bob,
        "carol": carol,
        "heidi": heidi,
        "mallory": actor(actors.MALLORY),
        "token": token,
        "command": command_actor("a command"),
    }
    ChangeMachine.browsers = {
        "bob": browse(actors.BOB),
        "carol": browse(actors.CAROL),
        "heidi": browse(actors.HEIDI),
    }
    run_state_machine_as_test(
        ChangeMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
