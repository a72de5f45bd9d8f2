"""Deletions found by comparing a whole source: not from an empty answer, not in bulk unasked."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from governance.actors import Actor
from governance.errors import NotPermitted
from syncjobs import crashpoints
from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.errors import Transient
from syncjobs.engine.drain import drain
from syncjobs.models import (
    CanonicalRecord,
    Delivery,
    Event,
    InboundEvent,
    Issue,
    RecordVersion,
    Run,
    Stream,
)
from syncjobs.services.connections import compare_now, confirm_deletions, ensure_stream
from tests.fakes.systems import record
from tests.syncjobs.factories import BUILDER, Lab, make_connection, publish_checks


def serve(lab: Lab, *ids: int, size: int = 10) -> None:
    """Let the source hold exactly these customers, in pages."""
    rows = [record(str(n), {"no": f"C-{n}", "name": f"Name {n}"}) for n in ids]
    parts = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    lab.source.pages["customers"] = [Page(part, {"at": "0"}, last=False) for part in parts]


def compare(lab: Lab) -> None:
    """Ask for a comparison and let the worker do it."""
    Stream.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    compare_now(BUILDER, lab.customers, reason="A test")
    drain(systems=lab.systems())


def deleted() -> list[str]:
    return list(CanonicalRecord.objects.filter(deleted=True).values_list("key", flat=True))


@pytest.fixture
def full(lab: Lab) -> Lab:
    """Twenty customers, read and delivered."""
    serve(lab, *range(1, 21))
    lab.drain()
    assert Delivery.objects.filter(state="delivered").count() == 20
    return lab


def test_what_is_not_in_the_source_any_more_is_a_soft_deletion(full: Lab) -> None:
    serve(full, *range(2, 21))
    compare(full)
    assert deleted() == ["C-1"]
    assert RecordVersion.objects.get(record__key="C-1", number=2).changed == ["deleted"]
    stream = Stream.objects.get(pk=full.customers.pk)
    assert stream.compare is None
    assert stream.next_compare_at is not None
    assert stream.next_compare_at > timezone.now() + timedelta(hours=23)
    assert len(full.target.effects) == 20, "nothing is written anywhere"


def test_a_warning_ends_with_a_record_that_is_gone(lab: Lab) -> None:
    first = {"id": "first", "assert": "ne(field('number'), 'C-1')", "message": "Is it the first?"}
    publish_checks({**first, "severity": "warn"})
    serve(lab, *range(1, 21))
    lab.drain()
    assert Issue.objects.get().state == "open"
    serve(lab, *range(2, 21))
    compare(lab)
    assert deleted() == ["C-1"]
    assert Issue.objects.get().state == "resolved"


def test_a_full_comparison_doubles_nothing_and_takes_what_a_cursor_missed(full: Lab) -> None:
    events = Event.objects.count()
    serve(full, *range(1, 22))
    compare(full)
    drain(systems=full.systems())
    assert full.target.created("C-21") == 1
    assert len(full.target.effects) == 21
    assert Event.objects.count() == events + 1
    assert deleted() == []


def test_an_empty_answer_never_means_that_everything_was_deleted(lab: Lab) -> None:
    serve(lab, 1)
    lab.drain()
    serve(lab)
    compare(lab)
    assert deleted() == []
    issue = Issue.objects.get()
    assert issue.kind == "deletions_in_doubt"
    assert issue.title == "Source: 1 of 1 customers are missing"


@pytest.mark.parametrize(("gone", "asks"), [(2, False), (3, True)])
def test_more_than_a_tenth_stops_and_asks(full: Lab, gone: int, asks: bool) -> None:
    serve(full, *range(1 + gone, 21))
    compare(full)
    assert len(deleted()) == (0 if asks else gone)
    assert Issue.objects.filter(kind="deletions_in_doubt").exists() is asks
    assert (Stream.objects.get(pk=full.customers.pk).next_compare_at is None) is asks


def test_a_person_confirms_and_the_question_closes(full: Lab, bob: Actor, dave: Actor) -> None:
    serve(full, *range(6, 21))
    compare(full)
    with pytest.raises(NotPermitted):
        confirm_deletions(dave, full.customers, reason="They left")
    assert confirm_deletions(bob, full.customers, reason="They left") == 5
    assert len(deleted()) == 5
    assert Issue.objects.get().state == "resolved"
    with pytest.raises(ValidationError):
        confirm_deletions(bob, full.customers, reason="Again")


def test_a_source_that_was_mended_answers_the_question_itself(full: Lab) -> None:
    serve(full)
    compare(full)
    serve(full, *range(1, 21))
    compare(full)
    assert deleted() == []
    assert Issue.objects.get().state == "resolved"


def test_what_came_from_another_system_is_not_deleted_by_this_one(full: Lab) -> None:
    other = make_connection(full.client, "Other")
    RecordVersion.objects.filter(record__key="C-1", number=1).update(connection=other)
    serve(full, *range(2, 21))
    compare(full)
    assert deleted() == []


def _refuse(lab: Lab, *ids: int) -> None:
    """Let the source have changed these so that the mapping refuses them."""
    at = str(len(lab.source.pages["customers"]) + 1)
    lab.source.pages["customers"].append(Page([_nameless(n) for n in ids], {"at": at}, last=True))
    lab.drain()


def _nameless(number: int) -> SourceRecord:
    return record(str(number), {"no": f"C-{number}", "name": ""})


def test_what_was_set_aside_of_a_record_that_is_gone_does_not_bring_it_back(full: Lab) -> None:
    _refuse(full, 1, 2, 21)
    serve(full, *range(3, 21))
    compare(full)
    assert Issue.objects.get(kind="deletions_in_doubt").title.startswith("Source: 3 of 21 ")
    assert InboundEvent.objects.filter(state="set_aside").count() == 3

    serve(full, *range(2, 21))
    rows = full.source.pages["customers"][0].records
    full.source.pages["customers"][0] = Page([_nameless(2), *rows[1:]], {"at": "0"}, last=False)
    compare(full)
    assert deleted() == ["C-1"]
    aside = InboundEvent.objects.order_by("external_id").values_list("external_id", "state")
    assert list(aside) == [
        ("1", "discarded"),
        ("2", "set_aside"),
        ("21", "discarded"),
    ]
    assert Issue.objects.get(kind="intake_problem").state == "open"
    InboundEvent.objects.update(mapping_version=None)  # as when a newer mapping is live
    full.drain()
    assert deleted() == ["C-1"]
    serve(full, *range(3, 21))
    compare(full)
    assert Issue.objects.get(kind="intake_problem").state == "resolved"


def test_what_the_source_has_again_as_it_was_comes_back(full: Lab) -> None:
    serve(full, *range(2, 21))
    compare(full)
    serve(full, *range(1, 21))
    compare(full)
    assert deleted() == []
    assert RecordVersion.objects.filter(record__key="C-1").count() == 3


def test_a_comparison_goes_on_where_a_failure_stopped_it(full: Lab) -> None:
    serve(full, *range(2, 21), size=5)
    crashpoints.arm("compare.before_commit:raise:3")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            compare(full)
    finally:
        crashpoints.arm("")
    state = Stream.objects.get(pk=full.customers.pk).compare
    assert state is not None
    assert state["cursor"] == {"at": "2"}
    assert state["seen"] == 10
    Stream.objects.update(lease_until=None)
    full.source.fail_read.append(Transient("Down."))
    drain(systems=full.systems())
    assert deleted() == []
    Stream.objects.update(
        next_poll_at=timezone.now() + timedelta(hours=1), next_compare_at=timezone.now()
    )
    drain(systems=full.systems())
    assert deleted() == ["C-1"]


def test_live_work_goes_first(full: Lab) -> None:
    serve(full, *range(1, 21), size=5)
    compare_now(BUILDER, full.customers, reason="A test")
    Stream.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    Delivery.objects.filter(record__key="C-1").update(state="pending", not_before=timezone.now())
    Delivery.objects.filter(record__key="C-2").update(
        state="pending", not_before=timezone.now() + timedelta(milliseconds=1)
    )
    drain(systems=full.systems(), most=2)
    assert Stream.objects.get(pk=full.customers.pk).compare is None, "it had to wait"
    assert Run.objects.filter(message__startswith="Compared").count() == 0


def test_objects_that_declare_it_are_compared_every_day(full: Lab) -> None:
    stream = ensure_stream(
        BUILDER, full.target_connection, object_="customers", canonical="customer", mapping="x"
    )
    assert stream.next_compare_at is not None
    other = ensure_stream(
        BUILDER, full.source_connection, object_="contacts", canonical="contact", mapping="x"
    )
    assert other.next_compare_at is None
