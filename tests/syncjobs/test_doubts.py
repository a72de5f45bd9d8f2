"""What may be in a target already is asked for by whoever would make it next."""

from collections.abc import Callable

import pytest

from governance.actors import Actor
from syncjobs.connectors.errors import Unknown
from syncjobs.models import Delivery
from syncjobs.services.deliveries import cancel_delivery, skip_delivery
from syncjobs.services.runs import cancel_run
from tests.syncjobs.factories import BUILDER, Lab, make_workflow, step


def _cancel_its_run(actor: Actor, delivery: Delivery, *, reason: str) -> None:
    assert delivery.run is not None
    cancel_run(actor, delivery.run, reason=reason)


@pytest.mark.parametrize("end", [cancel_delivery, skip_delivery, _cancel_its_run])
def test_what_was_given_up_before_its_target_was_asked_is_not_made_twice(
    lab: Lab, end: Callable[..., None]
) -> None:
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    end(BUILDER, lab.delivery("C-1"), reason="It is there, I think.")
    lab.put_customer("1", name="Newer")
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1
    assert [one.what for one in lab.target.effects] == ["created", "updated"]


def test_two_workflows_that_bring_one_record_make_it_once(lab: Lab) -> None:
    other = step("other", lab.target_connection)
    make_workflow(lab.client, [other], name="Other")
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.deliver_late()
    states = Delivery.objects.values_list("state", flat=True)
    assert set(states) <= {"delivered", "unchanged"}
    assert lab.target.created("C-1") == 1


def test_where_the_target_cannot_be_asked_whoever_gave_it_up_has_answered(lab: Lab) -> None:
    lab.target.can_look_up = False
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.deliver_late()
    cancel_delivery(BUILDER, lab.delivery("C-1"), reason="It is not there: I looked.")
    lab.put_customer("1", name="Newer")
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"


def test_what_was_found_out_is_not_asked_for_again(lab: Lab) -> None:
    lab.target.fail_before = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.deliver_late()
    asked = lab.target.look_ups
    lab.put_customer("1", name="Newer")
    lab.put_customer("2")
    lab.drain()
    assert lab.target.look_ups == asked
