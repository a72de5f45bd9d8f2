"""What people do on the pages of connections and workflows, done by a program."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import Actor
from syncjobs.models import CanonicalRecord, Run, Stream, Workflow
from syncjobs.services import schedules
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.syncjobs.factories import BUILDER, Lab

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(lab: Lab, browse: Callable[..., Browser]) -> Ask:
    """Posts to the API as a program of Bob's."""
    user = User.objects.get(email=actors.BOB.email)
    scopes = ["workflows.operate", "workflows.manage", "workflows.view", "connections.manage"]
    text = make_token(BUILDER, user=user, name="t", scopes=scopes)[1]
    caller = browse(None, host="admin.northwind.localhost")

    def asked(place: str, **body: object) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {text}"}
        answer = caller.post(
            f"/api/v1/{place}/", body, content_type="application/json", headers=bearer
        )
        return answer.status_code, answer.json()

    return asked


def test_a_source_is_read_again_compared_and_its_question_answered(
    lab: Lab, northwind: Partner, ask: Ask
) -> None:
    with tenant_context(northwind):
        lab.put_customer("1")
        lab.drain()
    place = f"connections/{lab.source_connection.pk}"
    told = {"object": "customers", "reason": "To be sure"}
    assert ask(f"{place}/read-again", **told)[0] == 202
    with tenant_context(northwind):
        assert Stream.objects.get(pk=lab.customers.pk).cursor is None
        lab.drain()
        assert len(lab.target.effects) == 1
    assert ask(f"{place}/compare", object="nothing", reason="r")[0] in (400, 422)
    assert ask(f"{place}/confirm-deletions", **told)[0] in (400, 422), "nothing is asked"
    assert ask(f"{place}/compare", **told)[0] == 202
    with tenant_context(northwind):
        lab.source.pages["customers"] = []
        lab.drain()
        assert not CanonicalRecord.objects.filter(deleted=True).exists(), "it asks"
    assert ask(f"{place}/confirm-deletions", **told)[0] == 202
    with tenant_context(northwind):
        assert CanonicalRecord.objects.get().deleted


def test_a_workflow_is_backfilled(lab: Lab, northwind: Partner, ask: Ask) -> None:
    with tenant_context(northwind):
        lab.put_customer("1", timezone.now())
        lab.drain()
    place, day = f"workflows/{lab.workflow.pk}/backfill", f"{timezone.now():%Y}-01-01"
    assert ask(place, start=day)[0] in (400, 422), "no reason"
    assert ask(place, start=day, check=True) == (202, {"records": 1, "run": None})
    status, told = ask(place, start=day, per_minute=60, reason="They asked for the year.")
    assert status == 202
    with tenant_context(northwind):
        run = Run.objects.get(kind="backfill")
        assert told == {"records": 1, "run": run.pk}
    assert ask(place, start=day, reason="Again")[0] == 409, "one goes on"


def test_a_paused_workflow_refuses_each_start_as_it_refuses_a_second_pause(
    lab: Lab, ask: Ask
) -> None:
    place = f"workflows/{lab.workflow.pk}"
    assert ask(f"{place}/pause", reason="Month end")[0] == 200
    starts = {
        "pause": {"reason": "Again"},
        "run": {},
        "backfill": {"start": "2026-01-01", "reason": "The year"},
    }
    for name, body in starts.items():
        status, told = ask(f"{place}/{name}", **body)
        assert (status, told["error"]["code"]) == (409, "refused"), name


def test_a_workflow_is_given_its_schedule_and_its_promise(lab: Lab, ask: Ask) -> None:
    place = f"workflows/{lab.workflow.pk}/schedule"
    status, told = ask(place, mode="scheduled", schedule="0 6 * * *", within_hours=4)
    assert (status, told["mode"], told["schedule"]) == (200, "scheduled", "0 6 * * *")
    assert told["within_hours"] == 4
    assert told["next_run_at"]
    status, told = ask(place, within_hours=None)
    assert (status, told["schedule"]) == (200, "0 6 * * *"), "what is left out stays"
    assert told["within_hours"] is None
    status, told = ask(place, mode="real_time")
    assert (status, told["schedule"], told["next_run_at"]) == (200, "", None)
    for wrong in ({"mode": "batch", "schedule": "soon"}, {"mode": "x"}, {"within_hours": -1}):
        assert ask(place, **wrong)[0] in (400, 422)
    status, told = ask(place, schedule="0 6 * * *")
    assert status == 400, "in real time it would count for nothing"
    assert told["error"]["fields"][0]["field"] == "schedule"


def test_two_who_change_different_parts_at_once_undo_nothing_of_each_other(
    lab: Lab, ask: Ask, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = schedules.set_schedule

    def after_another(actor: Actor, workflow: Workflow, **asked: Any) -> Workflow:
        """The other is through after this call has read the workflow, before it takes the lock."""
        first(bob, workflow, mode="scheduled", schedule="0 6 * * *")
        return first(actor, workflow, **asked)

    monkeypatch.setattr(schedules, "set_schedule", after_another)
    status, told = ask(f"workflows/{lab.workflow.pk}/schedule", within_hours=4)
    assert (status, told["within_hours"]) == (200, 4)
    assert (told["mode"], told["schedule"]) == ("scheduled", "0 6 * * *")
    assert told["next_run_at"]
