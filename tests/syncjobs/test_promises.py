"""Exceptions are due as the tier promises; late deliveries are an exception of their own."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import Actor
from syncjobs.connectors.errors import Rejected
from syncjobs.due import time_to_solve
from syncjobs.engine.lateness import LATE, late_deliveries, tell_late
from syncjobs.models import Delivery, Issue, Workflow
from syncjobs.services.deliveries import cancel_delivery
from syncjobs.services.schedules import set_schedule
from syncjobs.services.workflows import pause_workflow, resume_workflow
from syncjobs.state import DELIVERY
from tenants.models import Partner
from tests.actors import BOB, Person
from tests.at_home import page_url
from tests.branding.commerce import make_tier, put_on
from tests.syncjobs.factories import Lab, step
from tests.syncjobs.releases import TAX_GATE


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
    assert (late.count, late.title) == (1, "Flow: not delivered within 0.5 hours, as was promised")
    assert late.detail["message"].startswith("1 delivery has waited longer")
    assert late_deliveries(Workflow.objects.get(pk=lab.workflow.pk)).count() == 1

    lab.put_customer("1", name="Mended")
    lab.drain()
    assert tell_late() == 0
    late.refresh_from_db()
    assert late.state == "resolved"


def test_what_is_late_is_on_the_page_and_a_promise_taken_away_closes_the_exception(
    lab: Lab, northwind: Partner, bob: Actor, browse: Callable[[Person], Browser]
) -> None:
    nightly = {"mode": "scheduled", "schedule": "15 2 29 2 *"}
    set_schedule(bob, lab.workflow, **nightly, within_hours="1")
    lab.put_customer("1")
    lab.drain()
    staff, place = browse(BOB), f"/work/workflows/{lab.workflow.pk}/"
    assert "Not through yet" not in staff.get(place).content.decode()
    with tenant_context(northwind):
        delivery = Delivery.objects.get()
        assert delivery.state == DELIVERY.start, "it waits for its time"
        Delivery.objects.update(created_at=timezone.now() - timedelta(hours=2))
        assert tell_late() == 1
    page = staff.get(place).content.decode()
    assert "Not through yet" in page
    assert page_url("delivery_detail", delivery.pk) in page
    saved = staff.post(f"{place}schedule/", {**nightly, "within_hours": ""}, follow=True)
    assert "It also holds for what is waiting now." in saved.content.decode()
    with tenant_context(northwind):
        assert Issue.objects.get(kind=LATE).state == "resolved"


def test_of_a_paused_workflow_nothing_new_is_late_and_what_was_told_still_closes(
    lab: Lab, bob: Actor
) -> None:
    set_schedule(bob, lab.workflow, mode="real_time", within_hours="1")
    _refused(lab)
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=2))
    pause_workflow(bob, lab.workflow, reason="Looking into it.")
    assert tell_late() == 0
    resume_workflow(bob, lab.workflow)
    assert tell_late() == 1
    pause_workflow(bob, lab.workflow, reason="Again.")
    assert tell_late() == 1
    cancel_delivery(bob, Delivery.objects.get(), reason="Not wanted.")
    assert tell_late() == 0
    assert Issue.objects.get(kind=LATE).state == "resolved"


@pytest.mark.parametrize("hours", ["soon", "0", "-4", "9999", "nan"])
def test_a_promise_that_cannot_be_read_is_refused(lab: Lab, bob: Actor, hours: str) -> None:
    with pytest.raises(ValidationError, match="hours as a number"):
        set_schedule(bob, lab.workflow, mode="real_time", within_hours=hours)
