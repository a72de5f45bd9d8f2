"""What becomes of a delivery: every outcome, and that no effect is lost or doubled."""

import pytest
from msgspec.structs import replace

from branding.models import UsageDay
from governance.models import AuditEntry
from syncjobs.connectors.base import Connector, Write, Written
from syncjobs.connectors.errors import (
    Config,
    Conflict,
    Permanent,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from syncjobs.models import Attempt, Connection, Delivery, ExternalRef, Issue, Run
from tests.fakes.systems import FakeSystems
from tests.syncjobs.factories import Lab


def test_a_new_customer_is_created_once_and_everything_is_recorded(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()

    delivery = lab.delivery("C-1")
    assert delivery.state == "delivered"
    assert [e.what for e in lab.target.effects] == ["created"]
    assert lab.target.effects[0].data == {"no": "C-1", "name": "Name 1"}
    ref = ExternalRef.objects.get(record=delivery.record, connection=lab.target_connection)
    assert ref.external_id == "1"
    assert ref.written["customer-out"]["version"] == 1
    attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.number, attempt.outcome, attempt.wrote) == (1, "delivered", True)
    entry = AuditEntry.objects.get(action="delivery.written")
    assert entry.after is not None
    assert entry.after["external_id"] == "1"
    assert UsageDay.objects.get().quantity == 1
    run = Run.objects.get(kind="workflow")
    assert (run.state, run.planned, run.delivered) == ("succeeded", 1, 1)


def test_a_second_reading_of_the_same_content_writes_nothing(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1")
    lab.drain()

    assert len(lab.target.effects) == 1
    assert Delivery.objects.count() == 1


def test_a_change_that_maps_to_the_same_output_is_unchanged_and_not_billed(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1", tax="EU")
    lab.drain()

    assert len(lab.target.effects) == 1
    assert lab.delivery("C-1").state == "unchanged"
    assert UsageDay.objects.get().quantity == 1


def test_a_changed_customer_updates_the_one_that_is_there(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1", name="Renamed")
    lab.drain()

    assert [e.what for e in lab.target.effects] == ["created", "updated"]
    assert lab.target.effects[1].external_id == "1"


@pytest.mark.parametrize(
    ("error", "state", "kind"),
    [
        (Rejected("Customer C-1 is blocked."), "failed", "rejected_by_target"),
        (Permanent("Unknown field."), "failed", "write_not_understood"),
    ],
)
def test_what_will_fail_again_fails_at_once_and_raises_one_exception(
    lab: Lab, error: Rejected | Permanent, state: str, kind: str
) -> None:
    lab.target.fail_before = [error]
    lab.put_customer("1")
    lab.drain()

    assert lab.delivery("C-1").state == state
    issue = Issue.objects.get()
    assert (issue.kind, issue.count, issue.state) == (kind, 1, "open")
    assert Run.objects.get(kind="workflow").state == "failed"


def test_the_same_cause_on_many_records_is_one_exception_with_a_count(lab: Lab) -> None:
    lab.target.fail_before = [Rejected(f"Customer C-{n} is blocked.") for n in range(1, 4)]
    for number in range(1, 4):
        lab.put_customer(str(number))
    lab.drain()

    issue = Issue.objects.get()
    assert issue.count == 3
    assert issue.entries.filter(kind="occurrence").count() == 3


def test_an_exception_closes_itself_when_its_cause_goes_and_reopens_when_it_is_back(
    lab: Lab,
) -> None:
    lab.target.fail_before = [Rejected("Customer is blocked.")]
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1", name="Mended")
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"
    assert Issue.objects.get().state == "resolved"

    lab.target.fail_before = [Rejected("Customer is blocked.")]
    lab.put_customer("1", name="Broken again")
    lab.drain()
    issue = Issue.objects.get()
    assert (issue.state, issue.reopened, issue.count) == ("open", 1, 2)


def test_a_failed_record_never_blocks_the_others(lab: Lab) -> None:
    lab.target.fail_before = [Rejected("no"), None, None]
    for number in range(1, 4):
        lab.put_customer(str(number))
    lab.drain()

    assert lab.target.created("C-2") == lab.target.created("C-3") == 1
    assert Run.objects.get(kind="workflow", failed=1).delivered in (0, 2)


def test_an_id_that_cannot_be_kept_holds_up_no_other_and_is_not_made_again(lab: Lab) -> None:
    made = lab.target._apply

    def apply(write: Write) -> Written:
        written = made(write)
        return replace(written, external_id="9" * 201) if written.external_id == "1" else written

    lab.target._apply = apply  # type: ignore[method-assign]
    lab.target.can_look_up = False
    for number in range(1, 4):
        lab.put_customer(str(number))
    lab.drain()
    states = sorted(Delivery.objects.values_list("state", flat=True))
    assert states == ["delivered", "delivered", "unknown"]

    lab.deliver_late()

    assert Delivery.objects.get(state="parked").error_text.startswith("The target cannot be asked")
    assert len(lab.target.effects) == 3


def test_a_transient_error_is_tried_again_later_and_counts_both_attempts(lab: Lab) -> None:
    lab.target.fail_before = [Transient("Busy.", status=503)]
    lab.put_customer("1")
    lab.drain()
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.attempts) == ("retrying", 1)
    assert not Issue.objects.exists()

    lab.deliver_late()
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert lab.target.created("C-1") == 1
    assert UsageDay.objects.get().quantity == 1


def test_a_system_that_asks_for_a_pause_gets_it(lab: Lab) -> None:
    lab.target.fail_before = [RateLimited("Slow down.", status=429, retry_after=120.0)]
    lab.put_customer("1")
    lab.put_customer("2")
    lab.drain()

    assert not lab.target.effects
    one, two = lab.delivery("C-1"), lab.delivery("C-2")
    assert one.state == "retrying"
    assert (one.not_before - one.updated_at).total_seconds() >= 120
    assert two.state == "pending"
    assert two.attempts == 0, "what was not sent is no attempt"
    assert Connection.objects.get(pk=lab.target_connection.pk).breaker_until is not None


def test_an_unknown_outcome_is_looked_up_and_not_doubled_when_it_had_arrived(lab: Lab) -> None:
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    assert lab.delivery("C-1").state == "unknown"

    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1
    assert lab.target.look_ups == 1
    assert [e.what for e in lab.target.effects] == ["created"], "nothing is written twice"


def test_an_unknown_outcome_that_had_not_arrived_is_written_after_the_look_up(lab: Lab) -> None:
    lab.target.fail_before = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.deliver_late()

    assert lab.delivery("C-1").state == "delivered"
    assert (lab.target.look_ups, lab.target.created("C-1")) == (1, 1)


def test_a_record_that_changed_while_its_outcome_was_unknown_ends_as_the_newest(lab: Lab) -> None:
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.put_customer("1", name="Newer")
    lab.drain()
    lab.deliver_late()

    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1
    assert lab.target.effects[-1].data["name"] == "Newer"


def test_an_unknown_outcome_that_nobody_can_look_up_waits_for_a_person(lab: Lab) -> None:
    lab.target.can_look_up = False
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.put_customer("1")
    lab.drain()
    lab.deliver_late()

    assert lab.delivery("C-1").state == "parked"
    assert Issue.objects.get().kind == "outcome_unknown"
    assert len(lab.target.effects) == 1


def test_refused_credentials_stop_the_connection_and_lose_nothing(lab: Lab) -> None:
    lab.target.fail_before = [Config("The key is wrong.", status=401)]
    for number in range(1, 4):
        lab.put_customer(str(number))
    lab.drain()

    connection = Connection.objects.get(pk=lab.target_connection.pk)
    assert connection.state == "refused"
    assert Issue.objects.get().kind == "credentials_refused"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}
    assert set(Delivery.objects.values_list("attempts", flat=True)) <= {0, 1}

    Connection.objects.filter(pk=connection.pk).update(state="untested")
    lab.drain()
    assert [lab.target.created(f"C-{n}") for n in (1, 2, 3)] == [1, 1, 1]
    assert Issue.objects.get().state == "resolved"


def test_a_system_that_is_not_opened_costs_one_delivery_a_try(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = FakeSystems._connect

    def shut(systems: FakeSystems, connection: Connection) -> Connector:
        if connection.pk == lab.target_connection.pk:
            raise Transient("The sign-in timed out.")
        return usual(systems, connection)

    for number in range(1, 9):
        lab.put_customer(str(number))
    with monkeypatch.context() as patched:
        patched.setattr(FakeSystems, "_connect", shut)
        lab.drain()

    connection = Connection.objects.get(pk=lab.target_connection.pk)
    assert (connection.breaker, connection.breaker_failures) == ("closed", 1)
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0] * 7 + [1]
    lab.deliver_late()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_an_answer_that_cannot_be_kept_holds_up_nobody_else(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = lab.target.write

    def write(one: Write) -> Written:
        written = usual(one)
        odd = {"note": "no database keeps \0"}
        return replace(written, answer=odd) if one.reference == "C-2" else written

    for number in range(1, 4):
        lab.put_customer(str(number))
    with monkeypatch.context() as patched:
        patched.setattr(lab.target, "write", write)
        lab.drain()

    assert [lab.delivery(f"C-{n}").state for n in (1, 2, 3)] == [
        "delivered",
        "unknown",
        "delivered",
    ]
    assert f"delivery {lab.delivery('C-2').pk} cannot be kept" in caplog.text
    lab.deliver_late()
    assert lab.delivery("C-2").state == "delivered"
    assert lab.target.created("C-2") == 1, "it was found, not made again"


def test_a_conflict_is_looked_up_and_written_onto_what_is_there(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.target.fail_before = [Conflict("It has changed.", status=412)]
    lab.put_customer("1", name="Renamed")
    lab.drain()
    lab.deliver_late()

    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.effects[-1].data["name"] == "Renamed"


def test_failures_in_a_row_open_the_breaker_and_raise_one_exception(lab: Lab) -> None:
    lab.target.fail_before = [Transient("Down.", status=503) for _ in range(20)]
    for number in range(1, 11):
        lab.put_customer(str(number))
    lab.drain()

    connection = Connection.objects.get(pk=lab.target_connection.pk)
    assert connection.breaker == "open"
    assert Issue.objects.get().kind == "system_unreachable"
    tried = Delivery.objects.filter(attempts__gt=0).count()
    assert tried <= 6, "after the breaker opens nothing more is sent"

    lab.target.fail_before = []
    lab.deliver_late()
    lab.deliver_late()
    assert Connection.objects.get(pk=lab.target_connection.pk).breaker == "closed"
    assert all(lab.target.created(f"C-{n}") == 1 for n in range(1, 11))
    assert Issue.objects.get().state == "resolved"


def test_what_a_keyed_target_may_have_made_is_not_made_again_as_other_content(lab: Lab) -> None:
    """A repeat is dropped by its key, which is of the content: a newer version has another."""
    lab.put_customer("1", name="First")
    lab.target.fail_after.append(Transient("503", status=503, maybe_done=True))
    lab.drain()
    assert lab.delivery("C-1").state == "retrying"
    lab.put_customer("1", name="Second")
    lab.drain()
    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1
    assert lab.target.effects[-1].data["name"] == "Second"


def test_an_outage_uses_up_nobodys_tries_at_asking_either(lab: Lab) -> None:
    """The breaker opens with the fifth failure in a row, which is the last try of an unknown."""
    lab.target.fail_after = [Unknown("No answer.")]
    lab.put_customer("1")
    lab.drain()
    lab.target.fail_look_up = [Unknown("No answer to the question either.") for _ in range(7)]
    for _ in range(7):
        lab.deliver_late()
    assert Connection.objects.get(pk=lab.target_connection.pk).breaker != "closed"
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.verify) == ("unknown", True)
    assert [one.kind for one in Issue.objects.all()] == ["system_unreachable"]

    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1


def test_asking_that_fails_while_others_get_through_uses_up_its_tries(lab: Lab) -> None:
    lab.target.fail_after = [Unknown("No answer.")]
    lab.put_customer("1")
    lab.drain()
    lab.target.fail_look_up = [Unknown("Nor to the question.") for _ in range(20)]
    for number in range(2, 6):
        lab.deliver_late()
        lab.put_customer(str(number))
        lab.drain()
    lab.deliver_late()
    assert lab.delivery("C-1").state == "parked"
    assert Issue.objects.get().kind == "outcome_unknown"
