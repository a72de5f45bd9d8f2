"""What somebody typed stays in sight: in a refused form, and as the reason of a pause."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from syncjobs.models import CanonicalRecord, Workflow
from tests.actors import ALICE
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import Lab

Browse = Callable[..., Browser]
__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")


def test_a_schedule_in_real_time_is_refused_and_still_there(lab: Lab, browse: Browse) -> None:
    visitor, pk = browse(ALICE), lab.workflow.pk
    typed = {"mode": "real_time", "schedule": "15 2 * * *", "within_hours": "4"}
    answer = visitor.post(page_url("workflow_schedule", pk), typed, follow=True)
    page = answer.content.decode()
    assert "In real time there is no schedule." in page
    assert 'value="15 2 * * *"' in page
    assert Workflow.objects.get(pk=pk).sla_seconds is None
    again = visitor.get(page_url("workflow_detail", pk)).content.decode()
    assert 'value="15 2 * * *"' not in again


def test_a_paused_workflow_says_who_paused_it_and_why(lab: Lab, browse: Browse) -> None:
    visitor, pk = browse(ALICE), lab.workflow.pk
    reason = {"reason": "Month-end close"}
    page = visitor.post(page_url("workflow_pause", pk), reason, follow=True).content.decode()
    assert f"Paused by {ALICE.name}" in page
    assert "Month-end close" in page
    page = visitor.post(page_url("workflow_resume", pk), follow=True).content.decode()
    assert "Paused by" not in page


def test_a_refused_correction_keeps_value_and_reason(lab: Lab, browse: Browse) -> None:
    lab.put_customer("1", name="Xavier")
    lab.drain()
    record = CanonicalRecord.objects.get(key="C-1")
    typed = {"field": "name", "value": "", "reason": "Cut off in the CRM"}
    visitor = browse(ALICE)
    answer = visitor.post(page_url("record_correct", record.pk), typed, follow=True)
    assert 'value="Cut off in the CRM"' in answer.content.decode()


def test_what_is_on_hold_is_found_by_what_is_missing(lab: Lab, browse: Browse) -> None:
    page = browse(ALICE).get(page_url("hold_list"), {"q": "tax"}).content.decode()
    assert "Nothing here has “tax” in it" in page
