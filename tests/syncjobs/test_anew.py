"""What somebody deleted in a target: made again there once, or left as it is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from syncjobs.connectors.errors import Permanent, Unknown
from syncjobs.models import Delivery, ExternalRef, Issue, Run
from syncjobs.services.anew import make_again, make_issue_again, skip_issue, verdicts_anew
from syncjobs.services.deliveries import verdict_of
from syncjobs.services.issues import retry_issue
from tests.syncjobs.factories import BUILDER, Lab, make_workflow, step

WHY = "It was deleted by mistake."


@pytest.fixture(autouse=True)
def _can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab's target can be asked for a record by its number."""
    monkeypatch.setattr("syncjobs.services.anew.can_look_up", lambda _: True)


@pytest.fixture
def gone(lab: Lab) -> Issue:
    """Two customers that were delivered, deleted there by hand and then changed here."""
    for id_ in ("1", "2"):
        lab.put_customer(id_)
    lab.drain()
    for id_ in ("1", "2"):
        lab.target.delete_by_hand(f"C-{id_}")
        lab.put_customer(id_, name="New")
    lab.drain()
    return Issue.objects.get()


def test_what_is_gone_there_is_one_exception_that_says_so(lab: Lab, gone: Issue) -> None:
    assert (gone.kind, gone.class_name, gone.count) == ("gone_there", "technical", 2)
    assert gone.title == "Target: customer that we wrote is gone there"
    assert verdict_of(lab.delivery("C-1")).effect == "Fails again unless it is back."


def test_a_create_that_finds_no_such_address_is_no_record_that_is_gone(lab: Lab) -> None:
    lab.target.fail_before = [Permanent("Not found.", status=404)]
    lab.put_customer("1")
    lab.drain()
    assert Issue.objects.get().kind == "write_not_understood"


def test_it_is_made_again_once_after_the_target_was_asked(lab: Lab, gone: Issue) -> None:
    keys = set(Delivery.objects.values_list("idempotency_key", flat=True))
    assert make_issue_again(BUILDER, gone, reason=WHY).count == 2
    assert not ExternalRef.objects.filter(connection=lab.target_connection).exists()
    lab.drain()

    assert lab.target.look_ups == 2
    assert [one.what for one in lab.target.effects] == ["created"] * 4
    assert lab.target.effects[-1].data["name"] == "New"
    assert lab.delivery("C-1").state == lab.delivery("C-2").state == "delivered"
    gone.refresh_from_db()
    assert gone.state == "resolved"
    assert gone.entries.filter(text=f"Made again 2: {WHY}").exists()
    assert lab.delivery("C-1").idempotency_key not in keys
    entry = AuditEntry.objects.filter(action="delivery.made_again").latest("pk")
    assert (entry.before, entry.reason) == ({"object": "things", "external_id": "2"}, WHY)


def test_what_is_there_after_all_is_found_and_written_to(lab: Lab, gone: Issue) -> None:
    other = lab.target._apply
    lab.target._apply = lambda write: other(  # type: ignore[method-assign]
        replace_mode(write)
    )
    lab.target._held["things", "9"] = {"no": "C-1", "name": "Somebody else's"}
    lab.target._by_reference["things", "C-1"] = "9"
    make_again(BUILDER, lab.delivery("C-1"), reason=WHY)
    lab.drain()
    assert lab.target.created("C-1") == 1
    assert lab.target._held["things", "9"]["name"] == "New"
    assert ExternalRef.objects.get(record__key="C-1", object="things").external_id == "9"


def replace_mode(write: Any) -> Any:
    """A create here would be the second one."""
    assert write.mode != "create"
    return write


def test_a_lost_answer_does_not_make_it_twice(lab: Lab, gone: Issue) -> None:
    make_issue_again(BUILDER, gone, reason=WHY)
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.drain()
    lab.deliver_late()
    assert lab.target.created("C-1") == lab.target.created("C-2") == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_where_the_target_cannot_be_asked_a_person_looks_before(
    lab: Lab, gone: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.target.can_look_up = False
    monkeypatch.setattr("syncjobs.services.anew.can_look_up", lambda _: False)
    assert {one.answer for one in verdicts_anew([lab.delivery("C-1")])} == {"manual"}
    assert make_issue_again(BUILDER, gone, reason=WHY).left == 2
    with pytest.raises(ValidationError, match="Look in the target first"):
        make_again(BUILDER, lab.delivery("C-1"), reason=WHY)
    assert make_issue_again(BUILDER, gone, reason=WHY, doubtful=True).count == 2
    lab.drain()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_two_workflows_that_write_one_record_make_it_once(lab: Lab) -> None:
    make_workflow(lab.client, [step("other", lab.target_connection)], name="Other")
    lab.put_customer("1")
    lab.drain()
    lab.target.delete_by_hand("C-1")
    lab.put_customer("1", name="New")
    lab.drain()
    assert Delivery.objects.filter(state="failed").count() == 2
    make_again(BUILDER, lab.delivery("C-1"), reason=WHY)
    lab.drain()
    lab.drain()
    assert lab.target.created("C-1") == 2  # once before, and once again
    assert not Delivery.objects.filter(state="failed").exists()
    assert Issue.objects.get().state == "resolved"


def test_a_step_that_only_changes_has_the_one_that_makes_it_go_first(lab: Lab) -> None:
    change = step("change", lab.target_connection, mode="update", after=["customer"])
    lab.replace_workflow([step("customer", lab.target_connection, mode="create"), change])
    lab.put_customer("1")
    lab.drain()
    lab.target.delete_by_hand("C-1")
    lab.put_customer("1", name="New")
    lab.drain()
    failed = Delivery.objects.get(state="failed")
    assert failed.step == "change"
    make_again(BUILDER, failed, reason=WHY)
    again = Run.objects.get(kind="replay")
    assert (again.planned, again.actor) == (1, BUILDER.label)
    lab.drain()
    lab.drain()
    assert lab.target.created("C-1") == 2
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()


def test_what_none_of_our_steps_makes_waits_for_somebody(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.replace_workflow([step("change", lab.target_connection, mode="update")])
    lab.target.delete_by_hand("C-1")
    lab.put_customer("1", name="New")
    lab.drain()
    assert make_issue_again(BUILDER, Issue.objects.get(), reason=WHY).left == 1
    make_issue_again(BUILDER, Issue.objects.get(), reason=WHY, doubtful=True)
    lab.drain()
    assert lab.delivery("C-1", "change").state == "waiting"


def test_what_was_delivered_and_deleted_since_is_made_again(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.target.delete_by_hand("C-1")
    make_again(BUILDER, lab.delivery("C-1"), reason=WHY)
    lab.drain()
    assert lab.target.created("C-1") == 2
    with pytest.raises(ValidationError, match="Give a reason"):
        make_again(BUILDER, lab.delivery("C-1"), reason=" ")


def test_what_its_source_has_deleted_meanwhile_is_not_made(lab: Lab, gone: Issue) -> None:
    record = lab.delivery("C-1").record
    make_issue_again(BUILDER, gone, reason=WHY)
    type(record).objects.filter(pk=record.pk).update(deleted=True)
    lab.drain()
    assert lab.target.created("C-1") == 1
    assert lab.delivery("C-1").outcome == "It was deleted before it was written."


def test_it_is_skipped_with_a_reason_and_asked_again_when_it_changes(lab: Lab, gone: Issue) -> None:
    assert skip_issue(BUILDER, gone, reason="Deleted on purpose.") == 2
    assert set(Delivery.objects.filter(record_version=2).values_list("state", flat=True)) == {
        "skipped"
    }
    gone.refresh_from_db()
    assert gone.state == "resolved"
    with pytest.raises(ValidationError, match="Nothing of it is gone"):
        skip_issue(BUILDER, gone, reason=WHY)
    lab.put_customer("1", name="Newer")
    lab.drain()
    gone.refresh_from_db()
    assert (gone.state, gone.reopened) == ("open", 1)


def test_an_exception_of_another_kind_has_nothing_to_make(lab: Lab) -> None:
    lab.target.fail_before = [Permanent("No.")]
    lab.put_customer("1")
    lab.drain()
    with pytest.raises(ValidationError, match="Nothing of it is gone"):
        make_issue_again(BUILDER, Issue.objects.get(), reason=WHY)
    with pytest.raises(ValidationError, match="Nothing of it is gone"):
        make_again(BUILDER, lab.delivery("C-1"), reason=WHY)


@pytest.mark.parametrize("asked", [make_issue_again, skip_issue])
def test_who_may_not_work_on_exceptions_may_not_decide(
    gone: Issue, asked: Callable[..., object]
) -> None:
    outsider = Actor("person", 7, "Ivan", client_id=gone.client_id, permissions=frozenset())
    with pytest.raises(NotPermitted):
        asked(outsider, gone, reason=WHY)


def test_trying_it_again_in_the_same_moment_leaves_nothing_to_make(gone: Issue) -> None:
    retry_issue(BUILDER, gone)
    with pytest.raises(ValidationError, match="Nothing of it is gone"):
        make_issue_again(BUILDER, gone, reason=WHY)
