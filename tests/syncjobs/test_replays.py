"""Replaying a workflow: what would come of it is tried first, and what is there is not written."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance.actors import Actor
from governance.errors import BadTransition, NotPermitted
from governance.models import AuditEntry
from governance.permits import permit
from mappings.models import Mapping, MappingVersion
from mappings.services.versions import publish, save_draft
from syncjobs.models import CanonicalRecord, Delivery, Run, Workflow
from syncjobs.services import replays
from syncjobs.services.replays import Choice, preview_replay, start_replay, versions_of
from syncjobs.services.workflows import pause_workflow
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, CUSTOMER_OUT, Lab

TODAY = timezone.now().date()
DAYS = Choice(since=TODAY - timedelta(days=1), until=TODAY + timedelta(days=1))


@pytest.fixture
def done(lab: Lab) -> Lab:
    """Three customers that were delivered."""
    for number in range(1, 4):
        lab.put_customer(str(number))
    lab.drain()
    assert len(lab.target.effects) == 3
    lab.target.effects.clear()
    return lab


def publish_louder() -> None:
    """Let the ERP have a mark on each customer from now on."""
    mapping = Mapping.objects.get(slug="customer-out")
    mark = {"id": "mark", "target": "mark", "constant": "yes"}
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, {"rules": [*CUSTOMER_OUT, mark]}))


def test_what_the_target_has_is_not_written_again(done: Lab) -> None:
    preview = preview_replay(BUILDER, done.workflow, DAYS)
    assert preview.records == 3
    assert preview.effects == [("Writes nothing.", "safe", 3)]
    assert not Run.objects.filter(kind__in=("replay", "dry_run")).exists(), "nothing is kept"
    assert Delivery.objects.count() == 3

    run = start_replay(BUILDER, done.workflow, DAYS, reason="To be sure")
    done.drain()
    run.refresh_from_db()
    assert (run.kind, run.state, run.planned, run.unchanged) == ("replay", "succeeded", 3, 3)
    assert done.target.effects == []
    entry = AuditEntry.objects.get(action="workflow.replayed")
    assert entry.reason == "To be sure"


def test_what_an_old_version_mapped_is_sent_by_the_new_one(done: Lab) -> None:
    old = MappingVersion.objects.get(mapping__slug="customer-out")
    publish_louder()
    done.put_customer("4")
    done.drain()
    done.target.effects.clear()
    words = dict(versions_of(done.workflow))
    assert words[old.pk].endswith("version 1")
    assert len(words) == 2

    choice = Choice(mapping_version=old.pk)
    preview = preview_replay(BUILDER, done.workflow, choice)
    assert preview.effects == [("Updates the one record that exists.", "safe", 3)]
    start_replay(BUILDER, done.workflow, choice, reason="The mark was missing")
    with pytest.raises(ValidationError, match="on its way already"):
        start_replay(BUILDER, done.workflow, choice, reason="Once more")
    assert Run.objects.filter(kind="replay").count() == 1
    done.drain()
    assert {(one.what, one.data["mark"]) for one in done.target.effects} == {("updated", "yes")}
    assert sorted(one.reference for one in done.target.effects) == ["C-1", "C-2", "C-3"]


def test_a_run_a_record_and_days_choose(done: Lab) -> None:
    first = Delivery.objects.values_list("run_id", flat=True).first()
    done.put_customer("4")
    done.drain()
    other = Run.objects.create(client=done.client, kind="workflow", workflow=done.workflow)
    late = {"finished_at": "2026-01-31T22:30:00Z", "run": other}
    Delivery.objects.filter(record__key="C-4").update(**late)

    def chosen(choice: Choice) -> int:
        return preview_replay(BUILDER, done.workflow, choice).records

    assert chosen(Choice(run=first)) == 3
    assert chosen(Choice(record="C-2")) == 1
    assert chosen(DAYS) == 3
    done.client.time_zone = "Europe/Berlin"
    done.client.save(update_fields=["time_zone"])
    assert chosen(Choice(run=other.pk)) == 1
    january = Choice(until=date(2026, 1, 31))
    assert chosen(january) == 1
    done.client.time_zone = "Asia/Tokyo"
    done.client.save(update_fields=["time_zone"])
    with pytest.raises(ValidationError, match="Nothing that was delivered"):
        chosen(january)
    CanonicalRecord.objects.filter(key="C-2").update(deleted=True)
    with pytest.raises(ValidationError, match="delivered no record C-2"):
        chosen(Choice(record="C-2"))
    with pytest.raises(ValidationError, match=f"has no run {other.pk + 1}"):
        chosen(Choice(run=other.pk + 1, record="C-1"))


def test_what_cannot_be_replayed_is_refused_in_words(
    done: Lab, actor: Callable[[Person], Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        start_replay(BUILDER, done.workflow, DAYS, reason=" ")
    with pytest.raises(NotPermitted):
        preview_replay(actor(actors.FRANK), done.workflow, DAYS)
    with pytest.raises(NotPermitted):
        start_replay(actor(actors.FRANK), done.workflow, DAYS, reason="Mine")
    monkeypatch.setattr(replays, "MOST", 2)
    with pytest.raises(ValidationError, match="More than 2 records"):
        preview_replay(BUILDER, done.workflow, DAYS)


def test_nothing_is_sent_through_a_paused_workflow(done: Lab) -> None:
    pause_workflow(BUILDER, done.workflow, reason="A look first")
    assert preview_replay(BUILDER, done.workflow, DAYS).records == 3, "it may be looked at"
    runs = Run.objects.count()
    with pytest.raises(BadTransition, match=r"is paused\. Resume it first\."):
        start_replay(BUILDER, done.workflow, DAYS, reason="To be sure")
    assert Run.objects.count() == runs


def test_an_action_that_was_done_is_never_called_safe(done: Lab) -> None:
    publish_louder()
    version = done.workflow.version
    assert version is not None
    definition = {**version.definition}
    definition["steps"] = [{**definition["steps"][0], "mode": "action", "action": "post"}]
    type(version).objects.filter(pk=version.pk).update(definition=definition, hash="changed")
    preview = preview_replay(BUILDER, done.workflow, DAYS)
    assert preview.effects == [("Does it a second time.", "manual", 3)]


def test_its_page_previews_and_sends_again(
    done: Lab, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    staff = browse(actors.BOB)
    place = f"/work/workflows/{done.workflow.pk}/replay/"
    assert place in staff.get(f"/work/workflows/{done.workflow.pk}/").content.decode()
    assert "Send again" not in staff.get(place).content.decode()
    empty = staff.get(place, {"since": ""}).content.decode()
    assert "Choose days, a run, a version or a record." in empty
    wrong = staff.get(place, {"since": "2026-02-01", "until": "2026-01-01"}).content.decode()
    assert "The last day is before the first." in wrong
    none = staff.get(place, {"record": "C-99"}).content.decode()
    assert "This workflow delivered no record C-99." in none

    shown = staff.get(place, {"record": "C-2"}).content.decode()
    assert "1 record<" in shown
    assert "Writes nothing." in shown
    without = staff.post(place, {"record": "C-2", "reason": ""}).content.decode()
    assert "Say why it is sent again." in without
    answer = staff.post(place, {"record": "C-2", "reason": "The client asked"})
    with tenant_context(northwind):
        run = Run.objects.get(kind="replay")
        assert answer["Location"].endswith(f"/runs/{run.pk}/")
    listed = staff.get("/work/workflows/runs/").content.decode()
    assert listed.count("Replay, by hand") == 1


def test_a_program_previews_and_sends_again(
    done: Lab, northwind: Partner, browse: Callable[..., Browser]
) -> None:
    place = f"/api/v1/workflows/{done.workflow.pk}/replay/"
    caller = browse(None, host="admin.northwind.localhost")
    user = User.objects.get(email=actors.BOB.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["workflows.operate"])[1]
    bearer = {"Authorization": f"Bearer {text}"}

    def asked(**body: object) -> tuple[int, dict[str, object]]:
        answer = caller.post(place, body, content_type="application/json", headers=bearer)
        return answer.status_code, answer.json()

    assert asked(reason="All of it")[0] in (400, 422)
    assert asked(record="C-1")[0] in (400, 422), "no reason"
    status, told = asked(record="C-1", check=True)
    assert status == 202
    assert told["run"] is None
    assert told["preview"] == {
        "records": 1,
        "expected": [
            {
                "record": "C-1",
                "step": "customer",
                "answer": "safe",
                "why": "The target has exactly this content.",
                "effect": "Writes nothing.",
            }
        ],
    }
    status, told = asked(record="C-1", reason="The client asked")
    assert status == 202
    assert told["preview"] is None
    with tenant_context(northwind):
        assert Workflow.objects.filter(runs__kind="replay").count() == 1
        pause_workflow(BUILDER, done.workflow, reason="A look first")
    assert asked(record="C-1", reason="Once more")[0] == 409
