"""One record that becomes several on the way in: a timesheet's days."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from django.utils import timezone

from syncjobs import crashpoints
from syncjobs.connectors.base import Page
from syncjobs.connectors.errors import Transient
from syncjobs.models import (
    CanonicalRecord,
    Event,
    ExternalRef,
    InboundEvent,
    Issue,
    RecordVersion,
    Run,
    Stream,
)
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    PROJECT_IN,
    make_mapping,
    make_stream,
)
from tests.syncjobs.several import Several, day, keys


def test_each_member_of_a_list_becomes_a_record_with_its_event_and_delivery(
    several: Several,
) -> None:
    several.sheet("S-1", day("02"), day("03", "7.5"), day("04", kind="leave"))
    several.sheet("S-2")
    several.lab.drain()

    assert keys() == ["S-1/2026-11-02", "S-1/2026-11-03"]
    assert several.there() == {"S-1/2026-11-02": "8", "S-1/2026-11-03": "7.5"}
    assert Event.objects.filter(type="time.approved").count() == 2
    refs = ExternalRef.objects.filter(object="timesheets").values_list("external_id", "part")
    assert sorted(refs) == [("S-1", "S-1/2026-11-02"), ("S-1", "S-1/2026-11-03")]
    run = Run.objects.get(kind="intake", changed__gt=0)
    assert (run.read, run.changed, run.same, run.refused) == (2, 1, 1, 0)


def test_reading_it_again_changes_nothing_and_a_changed_member_changes_alone(
    several: Several,
) -> None:
    several.sheet("S-1", day("02"), day("03"))
    several.lab.drain()
    several.sheet("S-1", day("03"), day("02"))
    several.lab.drain()
    assert RecordVersion.objects.filter(record__type="time_entry").count() == 2
    assert len(several.lab.target.effects) == 2

    several.sheet("S-1", day("02", "6"), day("03"))
    several.lab.drain()
    assert several.there() == {"S-1/2026-11-02": "6", "S-1/2026-11-03": "8"}
    assert len(several.lab.target.effects) == 3


def test_a_member_that_is_gone_is_deleted_softly_and_comes_back(several: Several) -> None:
    several.sheet("S-1", day("02"), day("03"))
    several.lab.drain()
    several.sheet("S-1", day("03"))
    several.lab.drain()
    assert keys(deleted=True) == ["S-1/2026-11-02"]
    assert len(several.lab.target.effects) == 2

    several.sheet("S-1", day("02", "4"), day("03"))
    several.lab.drain()
    assert keys(deleted=True) == []
    assert several.there() == {"S-1/2026-11-02": "4", "S-1/2026-11-03": "8"}
    several.delete("S-1")
    several.lab.drain()
    assert len(keys(deleted=True)) == 2


def test_many_that_go_at_once_keep_what_was_sent_once(several: Several) -> None:
    first = date(2026, 9, 1)
    days = [{**day("01"), "on": str(first + timedelta(days=n))} for n in range(53)]
    for id_ in ("S-1", "S-2"):
        several.sheet(id_, *days)
    several.lab.drain()
    several.sheet("S-1", days[0])
    several.delete("S-2")
    several.lab.drain()
    assert len(keys(deleted=True)) == 52 + 53
    gone = RecordVersion.objects.filter(number=2)
    kept = gone.exclude(source=None).values_list("record__key", flat=True)
    assert sorted(kept) == ["S-1/2026-09-02", "S-2/2026-09-01"]


def test_a_member_that_is_gone_before_it_was_written_is_not_written(several: Several) -> None:
    several.lab.target.fail_before = [Transient("busy")]
    several.sheet("S-1", day("02"))
    several.lab.drain()
    several.sheet("S-1", day("03"))
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {"S-1/2026-11-03": "8"}
    row = several.lab.delivery("S-1/2026-11-02", "time")
    assert (row.state, row.outcome) == ("unchanged", "It was deleted before it was written.")


def test_a_member_can_move_to_another_record_of_the_source(several: Several) -> None:
    several.sheet("S-1", day("02"), day("03"), sheet="week")
    several.lab.drain()
    # Its new owner comes first: nobody can say yet that the old one has given it up.
    several.sheet("S-2", day("03"), sheet="week")
    several.lab.drain()
    aside = InboundEvent.objects.get()
    assert aside.external_id == "S-2"
    assert Issue.objects.get().kind == "duplicate_record"
    several.sheet("S-1", day("02"), sheet="week")
    several.lab.drain()
    several.lab.drain()
    assert keys(deleted=False) == ["week/2026-11-02", "week/2026-11-03"]
    ref = ExternalRef.objects.get(object="timesheets", part="week/2026-11-03")
    assert ref.external_id == "S-2"
    assert not Issue.objects.filter(state="open").exists()
    # In one page, whatever the order: it goes over at once.
    several.sheet("S-2", sheet="week")
    several.sheet("S-1", day("02"), day("03"), sheet="week")
    pages = several.lab.source.pages["timesheets"]
    last = pages.pop()
    pages[-1] = Page((*pages[-1].records, *last.records), {}, last=True)
    several.lab.drain()
    ref = ExternalRef.objects.get(object="timesheets", part="week/2026-11-03")
    assert (ref.external_id, keys(deleted=True)) == ("S-1", [])


def test_one_that_is_refused_leaves_its_numbers_to_the_others_of_its_page(
    several: Several,
) -> None:
    several.sheet("S-0", day("02"), sheet="week")
    several.sheet("S-2", day("05"), day("06"), sheet="week")
    several.lab.drain()
    # S-1 wants a number of S-0's, one that is free, and one that S-2 gives up in the same page.
    several.sheet("S-1", day("02"), day("03"), day("06"), sheet="week")
    several.sheet("S-2", day("05"), sheet="week")
    several.sheet("S-3", day("03"), sheet="week")
    pages = several.lab.source.pages["timesheets"]
    records = [one for page in pages[-3:] for one in page.records]
    pages[-3:] = [Page(tuple(records), {}, last=True)]
    several.lab.drain()
    assert [one.external_id for one in InboundEvent.objects.all()] == ["S-1"]
    assert "S-0 has the number week/2026-11-02" in str(InboundEvent.objects.get().problems)
    refs = ExternalRef.objects.filter(object="timesheets", record__deleted=False)
    assert sorted(refs.values_list("external_id", "part")) == [
        ("S-0", "week/2026-11-02"),
        ("S-2", "week/2026-11-05"),
        ("S-3", "week/2026-11-03"),
    ]
    assert keys(deleted=True) == ["week/2026-11-06"]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([day("02"), day("03", "eight")], "(Number 2 of 2 in the list.)"),
        ([day("02"), day("03"), day("02")], "It has the number S-1/2026-11-02, as number 1"),
    ],
)
def test_one_bad_member_sets_the_whole_aside_and_says_which(
    several: Several, days: Sequence[Mapping[str, str]], said: str
) -> None:
    several.sheet("S-1", *days)
    several.sheet("S-2", day("02"))
    several.lab.drain()
    assert keys() == ["S-2/2026-11-02"]
    assert said in InboundEvent.objects.get(external_id="S-1").problems[0][3]
    several.sheet("S-1", day("02"), day("03"))
    several.lab.drain()
    assert len(keys()) == 3
    assert not InboundEvent.objects.filter(state="set_aside").exists()


def test_a_reference_to_what_became_several_means_the_one_or_says_which(several: Several) -> None:
    lab = several.lab
    firm = {"id": "each", "target": "each", "source": "firms", "steps": [{"do": "explode"}]}
    names = [{"id": name, "target": name, "source": f"each.{name}"} for name in ("number", "name")]
    make_mapping("group-in", "inbound", "customer", [firm, *names])
    refers = {**PROJECT_IN[2], "lookup": {"reference": "customer"}}
    make_mapping("project-in", "inbound", "project", [*PROJECT_IN[:2], refers])
    for place, (object_, type_, slug) in enumerate(
        (("groups", "customer", "group-in"), ("projects", "project", "project-in"))
    ):
        make_stream(lab.source_connection, object_, type_, slug, place)

    def group(id_: str, *numbers: str) -> None:
        firms = [{"number": one, "name": f"Firm {one}"} for one in numbers]
        lab.source.put("groups", record(id_, {"firms": firms}))

    def customers() -> dict[str, object]:
        projects = CanonicalRecord.objects.filter(type="project")
        return {one.key: one.data["customer"] for one in projects}

    group("G-1", "A")
    group("G-2", "B", "C")
    for code, customer in (("P-1", "G-1"), ("P-2", "G-2"), ("P-3", "C"), ("P-4", "D")):
        data = {"code": code, "name": code, "customer": customer}
        lab.source.put("projects", record(code, data))
    lab.drain()
    assert customers() == {"P-1": "A", "P-3": "C"}
    unclear, missing = InboundEvent.objects.order_by("external_id")
    assert (unclear.problems[0][0], missing.problems[0][0]) == (
        "reference_unclear",
        "reference_missing",
    )
    assert "The customer G-2 became 2 records, and nothing says which" in unclear.problems[0][3]
    assert "is meant: B, C." in unclear.problems[0][3]
    group("G-2", "C")
    lab.drain()
    lab.drain()
    assert customers()["P-2"] == "C"


def test_a_crash_before_the_commit_leaves_no_member_and_no_half(several: Several) -> None:
    several.sheet("S-1", day("02"), day("03"))
    crashpoints.arm("intake.before_commit:raise")
    with pytest.raises(crashpoints.CrashPoint):
        several.lab.drain()
    crashpoints.arm("")
    assert keys() == []
    Stream.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    several.lab.drain()
    assert len(several.there()) == 2
