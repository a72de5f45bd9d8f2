"""A run's page and its API: giving up the rest, and how fast it goes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django.utils.html import strip_tags
from django_tenants.utils import tenant_context

from governance.actors import Actor, command_actor
from governance.errors import BadTransition, NotPermitted
from governance.models import AuditEntry
from syncjobs import crashpoints
from syncjobs.connectors.errors import Config, ConnectorError, Permanent, Rejected
from syncjobs.models import Delivery, Hold, Issue, Run, Workflow
from syncjobs.services.backfills import start_backfill
from syncjobs.services.runs import cancel_run, may_cancel
from tenants.accounts.models import Client, User
from tenants.accounts.permissions import permissions_of
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import BUILDER, Lab, make_workflow, step

__all__ = ["at_home"]
CARD = "Give up the rest"
Browse = Callable[..., Browser]


@pytest.fixture
def half(lab: Lab) -> Run:
    """A run with one record delivered, one refused and one on hold."""
    gate = {
        "name": "tax",
        "label": "Tax setting",
        "require": [{"path": "name", "op": "equals", "value": "Name", "missing": "name of {key}"}],
        "message": "No customer without it.",
    }
    lab.replace_workflow([step("customer", lab.target_connection, gates=[gate])])
    for id_, name in (("1", "Name"), ("2", "Name"), ("3", "Other")):
        lab.put_customer(id_, name=name)
    lab.target.fail_before = [Rejected("It is blocked.")]
    lab.drain()
    run = Run.objects.get(kind="workflow")
    states = sorted(run.deliveries.values_list("state", flat=True))
    assert (run.state, states) == ("partial", ["delivered", "failed", "held"])
    return run


def test_the_rest_is_given_up_and_what_was_written_stays(lab: Lab, half: Run, bob: Actor) -> None:
    assert may_cancel(half)
    assert cancel_run(bob, half, reason="Wrong month") == 2
    half.refresh_from_db()
    assert (half.state, half.delivered, half.dropped, half.failed, half.blocked) == (
        "cancelled", 1, 2, 0, 0,
    )  # fmt: skip
    given_up = Delivery.objects.filter(state="cancelled")
    assert {(one.outcome, one.issue_id) for one in given_up} == {("Wrong month", None)}
    assert not Issue.objects.exclude(state="resolved").exists()
    assert not Hold.objects.filter(released_at=None).exists()
    assert AuditEntry.objects.get(action="run.cancelled").reason == "Wrong month"
    before = len(lab.target.effects)
    lab.deliver_late()
    assert len(lab.target.effects) == before == 1


def test_what_is_being_sent_is_seen_through(lab: Lab, half: Run, bob: Actor) -> None:
    failed = half.deliveries.get(state="failed")
    Delivery.objects.filter(pk=failed.pk).update(state="running")
    assert cancel_run(bob, half, reason="Wrong month") == 1
    failed.refresh_from_db()
    assert failed.state == "running"


def test_what_a_reading_brings_after_its_run_was_given_up_is_a_run_of_its_own(
    lab: Lab, bob: Actor
) -> None:
    lab.put_customer("1")
    lab.put_customer("2")

    def give_up(point: str) -> None:
        """Between the first page of the reading and the next."""
        if point == "intake.after_commit":
            crashpoints.arm("")
            cancel_run(bob, Run.objects.get(kind="workflow"), reason="Wrong file.")

    crashpoints.listen(give_up)
    try:
        lab.drain()
    finally:
        crashpoints.arm("")
    given_up, after = Run.objects.filter(kind="workflow").order_by("pk")
    assert (given_up.state, given_up.dropped, given_up.delivered) == ("cancelled", 1, 0)
    assert (after.state, after.delivered) == ("succeeded", 1)


def test_a_run_is_not_given_up_without_permission_reason_or_anything_left(
    half: Run, bob: Actor, actor: Callable[[Person], Actor]
) -> None:
    for person in (actors.ERIN, actors.FRANK, actors.GRACE, actors.MALLORY):
        with pytest.raises(NotPermitted):
            cancel_run(actor(person), half, reason="x")
    with pytest.raises(ValidationError, match="Give a reason"):
        cancel_run(bob, half, reason=" ")
    reading = Run.objects.filter(kind="intake").latest("id")
    Run.objects.filter(pk=reading.pk).update(state="running")
    reading.refresh_from_db()
    assert not may_cancel(reading)
    with pytest.raises(ValidationError, match="Nothing of this run is left"):
        cancel_run(bob, reading, reason="x")
    reading.refresh_from_db()
    assert reading.state == "running"
    cancel_run(bob, half, reason="x")
    half.refresh_from_db()
    assert not may_cancel(half)
    with pytest.raises(BadTransition, match="This run is cancelled"):
        cancel_run(bob, half, reason="Again")


@pytest.mark.parametrize("done_so_far", [False, True])
def test_giving_up_a_backfills_run_ends_the_backfill(
    lab: Lab, bob: Actor, done_so_far: bool
) -> None:
    for n in range(3):
        lab.put_customer(str(n))
    lab.drain()
    target = {"role": "erp", "object": "copies", "connection": lab.target_connection.pk}
    copies = make_workflow(
        lab.client, [step("copy", lab.target_connection, target=target)], name="Later"
    )
    run = start_backfill(BUILDER, copies, start=date(2020, 1, 1), reason="New", per_minute=1)
    if done_so_far:  # all that was planned is written; the next step comes in three minutes
        lab.drain()
        run.refresh_from_db()
        assert run.state == "succeeded"
    before = len(lab.target.effects)
    assert may_cancel(run)
    cancel_run(bob, run, reason="Wrong day")
    copies.refresh_from_db()
    assert (copies.backfill, copies.next_backfill_at) == (None, None)
    entry = AuditEntry.objects.get(action="workflow.backfill_cancelled")
    assert entry.reason == "Wrong day"
    run.refresh_from_db()
    assert run.state == ("succeeded" if done_so_far else "cancelled")
    assert not may_cancel(run)
    if not done_so_far:
        lab.deliver_late()
        assert len(lab.target.effects) == before
    assert Workflow.objects.filter(backfill__isnull=False).count() == 0


@pytest.mark.usefixtures("at_home")
def test_its_page_gives_up_the_rest_with_a_reason(half: Run, browse: Browse) -> None:
    place = page_url("run_detail", half.pk)
    staff = browse(actors.BOB)
    assert CARD in staff.get(place).content.decode()
    assert CARD not in browse(actors.FRANK).get(place).content.decode()
    client = browse(actors.GRACE)
    assert CARD not in client.get(page_url("run_detail", half.pk, door="portal")).content.decode()

    refused = staff.post(page_url("run_cancel", half.pk), {"reason": ""}, follow=True)
    assert "Say why" in refused.content.decode()
    done = staff.post(page_url("run_cancel", half.pk), {"reason": "Wrong"}, follow=True)
    assert "2 records were given up. What was written stays." in done.content.decode()
    assert CARD not in done.content.decode()
    again = staff.post(page_url("run_cancel", half.pk), {"reason": "Wrong"}, follow=True)
    assert "This run is cancelled" in again.content.decode()


@pytest.mark.usefixtures("at_home")
def test_the_api_gives_up_the_rest_of_ones_own_clients_runs(half: Run, northwind: Partner) -> None:
    def cancel(person: Person, client: str = "", **body: str) -> int:
        host = "northwind.localhost" if person.client else "admin.northwind.localhost"
        with tenant_context(northwind):
            user = User.objects.get(email=person.email)
            scopes = permissions_of(list(person.roles))
            key = make_token(
                command_actor("tests"),
                user=user,
                name="t",
                scopes=scopes,
                client=Client.objects.filter(name=client).first(),
            )[1]
        browser = Browser(headers={"host": host, "authorization": f"Bearer {key}"})
        answer = browser.post(f"/api/v1/runs/{half.pk}/cancel/", body, "application/json")
        if answer.status_code == 200:
            assert (answer.json()["state"], answer.json()["delivered"]) == ("cancelled", 1)
        return answer.status_code

    assert cancel(actors.ERIN, reason="x") == 403
    assert cancel(actors.MALLORY, reason="x") == 403
    assert cancel(actors.BOB, "Birch Systems", reason="x") == 404
    assert cancel(actors.BOB) == 400
    assert cancel(actors.BOB, "Alder Consulting", reason="Wrong month") == 200
    assert cancel(actors.BOB, reason="Again") == 409


@pytest.mark.usefixtures("at_home")
def test_its_page_says_how_fast_it_goes_and_what_is_left(half: Run, browse: Browse) -> None:
    now = timezone.now()
    Run.objects.filter(pk=half.pk).update(state="running", started_at=now - timedelta(seconds=30))
    staff, place = browse(actors.BOB), page_url("run_detail", half.pk)
    # What is left is on hold or refused: no pace finishes that.
    assert "a minute" not in staff.get(place).content.decode()

    Delivery.objects.filter(run=half, state="failed").update(state="pending", not_before=now)
    Delivery.objects.filter(run=half, state="held").update(
        state="retrying", not_before=now + timedelta(hours=1)
    )
    told = " ".join(strip_tags(staff.get(place).content.decode()).split())
    assert "About 2 a minute, less than a minute left. 1 is due later." in told

    Delivery.objects.filter(run=half, state="delivered").update(
        finished_at=now - timedelta(minutes=2)
    )
    assert "a minute" not in staff.get(place).content.decode()
    Run.objects.filter(pk=half.pk).update(state="partial")
    assert "a minute" not in staff.get(place).content.decode()


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("error", "title", "step"),
    [
        (Config("No."), "Source refuses our credentials", "Enter new credentials"),
        (Permanent("No."), "Source: customers could not be read", "Look at the message"),
    ],
)
def test_a_reading_that_failed_says_why_and_what_to_do(
    lab: Lab, browse: Browse, error: ConnectorError, title: str, step: str
) -> None:
    lab.source.fail_read = [error]
    lab.drain()
    run, issue, staff = Run.objects.get(), Issue.objects.get(), browse(actors.BOB)
    told = staff.get(page_url("run_detail", run.pk)).content.decode()
    assert title in told
    assert step in told
    assert page_url("exception_detail", issue.pk) in told
    place = page_url("exception_detail", issue.pk)
    system = page_url("connection_detail", lab.source_connection.pk)
    assert system in staff.get(place).content.decode()

    Issue.objects.update(state="resolved")
    assert title not in staff.get(page_url("run_detail", run.pk)).content.decode()


@pytest.mark.usefixtures("at_home")
def test_the_whole_page_comes_anew_when_the_run_has_ended(half: Run, browse: Browse) -> None:
    staff, place = browse(actors.BOB), page_url("run_detail", half.pk)
    asked = {"HX-Request": "true", "HX-Target": "run-counts"}
    Run.objects.filter(pk=half.pk).update(state="running")
    assert "HX-Refresh" not in staff.get(place, headers=asked).headers
    Run.objects.filter(pk=half.pk).update(state="partial")
    assert staff.get(place, headers=asked).headers["HX-Refresh"] == "true"
    # What was being sent when it was given up is still to be told.
    Run.objects.filter(pk=half.pk).update(state="cancelled")
    sent = half.deliveries.order_by("pk")[:1]
    Delivery.objects.filter(pk__in=sent).update(state="running")
    told = staff.get(place, headers=asked)
    assert "HX-Refresh" not in told.headers
    assert "every 2s" in told.content.decode()
    Delivery.objects.filter(pk__in=sent).update(state="delivered")
    assert staff.get(place, headers=asked).headers["HX-Refresh"] == "true"
    # A search in its table changes the table alone.
    searched = {"HX-Request": "true", "HX-Target": "deliveries"}
    assert "HX-Refresh" not in staff.get(place, headers=searched).headers


def test_a_reading_let_go_for_finding_nothing_leads_to_the_one_it_is_counted_in(
    lab: Lab, at_home: Partner, browse: Browse
) -> None:
    lab.drain()
    kept = Run.objects.get(kind="intake")
    seen: list[int] = []
    read = lab.source.read

    def noted(*args: object, **named: object) -> object:
        seen.append(Run.objects.latest("id").pk)
        return read(*args, **named)  # type: ignore[arg-type]  # the double's own

    lab.source.read = noted  # type: ignore[method-assign, assignment]  # while it reads
    lab.drain()
    gone = seen[-1]
    assert gone > kept.pk
    assert not Run.objects.filter(pk=gone).exists()
    staff = browse(actors.BOB)
    answer = staff.get(page_url("run_detail", gone))
    assert (answer.status_code, answer["Location"]) == (302, page_url("run_detail", kept.pk))
    assert staff.get(page_url("run_detail", gone + 1)).status_code == 404
    user = User.objects.get(email=actors.BOB.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["workflows.view"])[1]
    bearer = {"Authorization": f"Bearer {text}"}
    caller = browse(None, host="admin.northwind.localhost")
    called = caller.get(f"/api/v1/runs/{gone}/", headers=bearer)
    assert called.status_code == 307
    assert called["Location"].endswith(f"/api/v1/runs/{kept.pk}/")
    assert caller.get(f"/api/v1/runs/{gone + 1}/", headers=bearer).status_code == 404
