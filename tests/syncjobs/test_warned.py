"""Checks that only warn, on the way in: told of until no record is warned of any more."""

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from syncjobs.connectors.base import SourceRecord
from syncjobs.engine.retention import sweep
from syncjobs.indicators.lineage import lineage
from syncjobs.intake.warned import warnings_in
from syncjobs.models import (
    CanonicalRecord,
    InboundEvent,
    Issue,
    Run,
)
from tests.syncjobs.factories import (
    Lab,
    publish_checks,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_a_check_that_warns_lets_the_record_go_on_and_tells_of_it_until_it_passes(
    lab: Lab,
) -> None:
    named = {"id": "named", "assert": "ne(field('name'), 'TEST')", "message": "Is it a test?"}
    publish_checks({**named, "severity": "warn"})
    for number in ("1", "2"):
        lab.put_customer(number, NOON, name="TEST")
    lab.put_customer("3", NOON)
    lab.drain()
    assert CanonicalRecord.objects.filter(version=1).count() == len(lab.target.effects) == 3
    run = Run.objects.get(warnings_told := Q(detail__has_key="warned"))
    assert (run.changed, run.refused, run.warned, run.state) == (3, 0, 2, "succeeded")
    issue = Issue.objects.get()
    assert (issue.count, issue.severity, issue.state) == (2, Issue.Severity.LOW, "open")
    assert issue.title == "Source: customer came in with a warning: Is it a test?"
    assert [(one.message, one.count, one.issue) for one in warnings_in(run)] == [
        ("Is it a test?", 2, issue.pk)
    ]
    first, third = (CanonicalRecord.objects.get(key=key) for key in ("C-1", "C-3"))
    assert [one.message for one in lineage(first).warnings] == ["Is it a test?"]
    assert lineage(third).warnings == []

    later = NOON + timedelta(minutes=1)
    lab.put_customer("1", later)
    lab.put_customer("2", later, name="TEST", city="Bern")
    lab.drain()
    issue.refresh_from_db()
    assert (issue.count, issue.state) == (2, "open"), "another is warned of still"
    assert lineage(first).warnings == []
    sweep({"messages": 0, "payloads": 0})
    InboundEvent.objects.update(received_at=NOON - timedelta(days=999))
    assert sweep({"messages": 1}) == {"messages": 0}, "what stands is not swept away"

    lab.source.put("customers", SourceRecord("2", "9", later, {}, deleted=True))
    lab.drain()
    issue.refresh_from_db()
    assert (issue.state, issue.resolution) == ("resolved", "No record has it any more.")
    assert not InboundEvent.objects.exists()
    assert Run.objects.filter(warnings_told).count() == 2


def test_a_warning_is_over_when_its_check_is_another_one(lab: Lab) -> None:
    named = {"id": "named", "assert": "ne(field('name'), 'TEST')", "message": "Is it a test?"}
    long = {"id": "long", "assert": "gt(length(field('name')), 9)", "message": "Which one is it?"}
    both = [{**one, "severity": "warn"} for one in (named, long)]
    publish_checks(*both)
    lab.put_customer("1", NOON, name="TEST")
    lab.drain()
    assert Issue.objects.filter(state="open").count() == 2

    publish_checks(both[0], {**long, "severity": "hold"})
    assert Issue.objects.get(state="open").detail["rule"] == "named"
    assert [one.check for one in lineage(CanonicalRecord.objects.get()).warnings] == ["named"]
    publish_checks()
    assert not Issue.objects.filter(state="open").exists()
    assert not InboundEvent.objects.exists()
