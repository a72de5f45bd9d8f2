"""Exceptions are due as the tier promises; late deliveries are an exception of their own."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from governance.actors import Actor
from syncjobs.connectors.errors import Rejected
from syncjobs.due import time_to_solve
from syncjobs.engine.lateness import LATE, late_deliveries, tell_late
from syncjobs.models import Delivery, Issue, Workflow
from syncjobs.services.schedules import set_schedule
from tests.branding.commerce import make_tier, put_on
from tests.syncjobs.factories import Lab, step
from tests.syncjobs.test_holds import TAX_GATE


def _refused(lab: Lab) -> Issue:
    lab.put_customer("1")
    lab.target.fail_before.append(Rejected("No."))
    lab.drain()
    return Issue.objects.get()


def test_an_exception_is_due_as_its_kind_asks_and_no_later_than_the_tier_promises(
    lab: Lab,
) -> None:
    assert time_to_solve(lab.client.pk, 16) == timedelta(hours=16)
    put_on(lab.client, make_tier(), date(2026, 1, 1))  # eight hours
    assert time_to_solve(lab.client.pk, 16) == timedelta(hours=8)
    assert time_to_solve(lab.client.pk, 4) == timedelta(hours=4)
    lab.replace_workflow([step("customer", lab.target_connection, gates=[TAX_GATE])])
    lab.put_customer("1")
    lab.drain()
    issue = Issue.objects.get(kind="missing_prerequisite")
    assert issue.due_at is not None
    assert timedelta(hours=7) < issue.due_at - issue.first_at <= timedelta(hours=8, minutes=1)


def test_what_is_later_than_promised_is_one_exception_and_closes_itself(
    lab: Lab, bob: Actor
) -> None:
    set_schedule(bob, lab.workflow, mode="real_time", within_hours="0.5")
    _refused(lab)
    assert tell_late() == 0, "it is not late yet"
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert (tell_late(), tell_late()) == (1, 1)
    late = Issue.objects.get(kind=LATE)
    assert (late.count, late.title) == (1, "Flow: later than the 0.5 hours that were promised")
    assert late.detail["message"].startswith("1 delivery has waited longer")
    assert late_deliveries(Workflow.objects.get(pk=lab.workflow.pk)).count() == 1

    lab.put_customer("1", name="Mended")
    lab.drain()
    assert tell_late() == 0
    late.refresh_from_db()
    assert late.state == "resolved"


@pytest.mark.parametrize("hours", ["soon", "0", "-4", "9999", "nan"])
def test_a_promise_that_cannot_be_read_is_refused(lab: Lab, bob: Actor, hours: str) -> None:
    with pytest.raises(ValidationError, match="hours as a number"):
        set_schedule(bob, lab.workflow, mode="real_time", within_hours=hours)
