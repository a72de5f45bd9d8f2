"""One record that becomes several: a timesheet's days come in, an invoice's lines go out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import OwnershipRule
from syncjobs import crashpoints
from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.errors import Transient, Unknown
from syncjobs.models import (
    CanonicalRecord,
    Delivery,
    Event,
    ExternalRef,
    InboundEvent,
    Issue,
    RecordVersion,
    Run,
    Stream,
    Workflow,
)
from syncjobs.services.connections import compare_now
from syncjobs.state import DELIVERY
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    PROJECT_IN,
    Lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)

DAYS_IN: list[dict[str, object]] = [
    {
        "id": "days",
        "target": "each",
        "source": "days",
        "steps": [{"do": "filter", "field": "kind", "values": "work"}, {"do": "explode"}],
    },
    {
        "id": "number",
        "target": "number",
        "source": "sheet",
        "steps": [{"do": "concat", "fields": "each.on", "separator": "/"}],
        "required": True,
    },
    {"id": "project", "target": "project", "source": "each.project", "required": True},
    {"id": "date", "target": "date", "source": "each.on", "required": True},
    {"id": "hours", "target": "hours", "source": "each.hours", "required": True},
    {"id": "status", "target": "status", "source": "state", "required": True},
]
TIME_OUT: list[dict[str, object]] = [
    {"id": "no", "target": "no", "source": "number", "required": True},
    {"id": "hours", "target": "hours", "source": "hours", "required": True},
]
LINES: list[dict[str, object]] = [
    {"id": "lines", "target": "each", "source": "lines", "steps": [{"do": "explode"}]},
    {
        "id": "number",
        "target": "number",
        "expr": "concat(field('number'), '-', field('each.reference'))",
    },
    {"id": "contract", "target": "contract", "source": "contract"},
    {"id": "amount", "target": "amount", "source": "each.amount", "required": True},
]
INVOICE_IN: list[dict[str, object]] = [
    {"id": name, "target": name, "source": name}
    for name in ("number", "contract", "status", "issue_date", "lines")
]
REVENUE_OUT: list[dict[str, object]] = [
    {"id": "no", "target": "no", "source": "number"},
    {"id": "amount", "target": "amount", "source": "amount"},
]


def _day(on: str, hours: str = "8", **more: str) -> dict[str, str]:
    return {"on": f"2026-11-{on}", "hours": hours, "project": "P-1", "kind": "work", **more}


class Several:
    """A source of timesheets and invoices, and the target of what they become."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._at = timezone.now() - timedelta(days=1)

    def sheet(self, id_: str, *days: Mapping[str, str], **more: Any) -> None:
        """Let the source have a timesheet, new or changed."""
        self._put("timesheets", id_, {"sheet": id_, "state": "approved", "days": [*days], **more})

    def invoice(self, id_: str, contract: str = "C-1", **lines: str) -> None:
        """Let the source have an invoice; lines: reference → amount."""
        rows = [{"reference": name, "amount": amount} for name, amount in lines.items()]
        data = {"number": id_, "contract": contract, "status": "posted", "lines": rows}
        data["issue_date"] = "2026-10-05"
        self._put("invoices", id_, data)

    def _put(self, object_: str, id_: str, data: dict[str, Any]) -> None:
        self._at += timedelta(seconds=1)
        self.lab.source.put(object_, record(id_, data, at=self._at))

    def delete(self, id_: str, object_: str = "timesheets") -> None:
        self._at += timedelta(seconds=1)
        gone = SourceRecord(id_, "gone", self._at, {}, deleted=True)
        self.lab.source.put(object_, gone)

    def derive_by(self, number: str, **flows: dict[str, object]) -> None:
        """Derive the lines' records under another number, by these workflows: name → extra."""
        Workflow.objects.filter(name="Revenue").update(state="archived")
        lines = [LINES[0], {"id": "number", "target": "number", "expr": number}, *LINES[2:]]
        make_mapping("shared", "derive", "invoice", lines, makes="revenue_event")
        derived = step("revenue", self.lab.target_connection, mapping="revenue-out")
        del derived["record"]
        derived["derive"] = {"object": "revenue_event", "mapping": "shared"}
        for name, extra in flows.items():
            make_workflow(
                self.lab.client, [derived], events=("invoice.posted",), name=name, **extra
            )

    def there(self) -> dict[str, str]:
        """What the target was made to hold: number → hours or amount, each effect once."""
        made: dict[str, str] = {}
        for one in self.lab.target.effects:
            assert not (one.what == "created" and one.reference in made), one.reference
            made[one.reference] = str(one.data.get("hours") or one.data.get("amount"))
        return made


@pytest.fixture
def several(lab: Lab) -> Iterator[Several]:
    make_mapping("sheet-in", "inbound", "time_entry", DAYS_IN)
    make_mapping("invoice-in", "inbound", "invoice", INVOICE_IN)
    make_mapping("time-out", "outbound", "time_entry", TIME_OUT)
    make_mapping("revenue-out", "outbound", "revenue_event", REVENUE_OUT)
    free = {"id": "free", "assert": "gt(field('amount'), 0)", "message": "A line without worth."}
    make_mapping(
        "revenue-from-lines",
        "derive",
        "invoice",
        LINES,
        checks=[{**free, "severity": "hold"}],
        makes="revenue_event",
    )
    for type_ in ("time_entry", "invoice"):
        OwnershipRule.objects.create(object=type_, owner="crm")
    make_stream(lab.source_connection, "timesheets", "time_entry", "sheet-in")
    make_stream(lab.source_connection, "invoices", "invoice", "invoice-in")
    erp = lab.target_connection
    make_workflow(
        lab.client,
        [step("time", erp, mapping="time-out")],
        events=("time.approved",),
        name="Time",
    )
    derived: dict[str, Any] = step("revenue", erp, mapping="revenue-out")
    del derived["record"]
    derived["derive"] = {"object": "revenue_event", "mapping": "revenue-from-lines"}
    note = step("note", erp, mapping="invoice-note", after=["revenue"])
    make_mapping("invoice-note", "outbound", "invoice", [TIME_OUT[0]])
    make_workflow(lab.client, [derived, note], events=("invoice.posted",), name="Revenue")
    yield Several(lab)
    crashpoints.arm("")


def _keys(type_: str = "time_entry", **more: Any) -> list[str]:
    rows = CanonicalRecord.objects.filter(type=type_, **more)
    return sorted(rows.values_list("key", flat=True))


def _states(step_: str) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(step=step_).order_by("id")
    return [(row.record.key, row.state) for row in rows.select_related("record")]


# --- in ------------------------------------------------------------------------------------


def test_each_member_of_a_list_becomes_a_record_with_its_event_and_delivery(
    several: Several,
) -> None:
    several.sheet("S-1", _day("02"), _day("03", "7.5"), _day("04", kind="leave"))
    several.sheet("S-2")
    several.lab.drain()

    assert _keys() == ["S-1/2026-11-02", "S-1/2026-11-03"]
    assert several.there() == {"S-1/2026-11-02": "8", "S-1/2026-11-03": "7.5"}
    assert Event.objects.filter(type="time.approved").count() == 2
    refs = ExternalRef.objects.filter(object="timesheets").values_list("external_id", "part")
    assert sorted(refs) == [("S-1", "S-1/2026-11-02"), ("S-1", "S-1/2026-11-03")]
    run = Run.objects.get(kind="intake", changed__gt=0)
    assert (run.read, run.changed, run.same, run.refused) == (2, 1, 1, 0)


def test_reading_it_again_changes_nothing_and_a_changed_member_changes_alone(
    several: Several,
) -> None:
    several.sheet("S-1", _day("02"), _day("03"))
    several.lab.drain()
    several.sheet("S-1", _day("03"), _day("02"))
    several.lab.drain()
    assert RecordVersion.objects.filter(record__type="time_entry").count() == 2
    assert len(several.lab.target.effects) == 2

    several.sheet("S-1", _day("02", "6"), _day("03"))
    several.lab.drain()
    assert several.there() == {"S-1/2026-11-02": "6", "S-1/2026-11-03": "8"}
    assert len(several.lab.target.effects) == 3


def test_a_member_that_is_gone_is_deleted_softly_and_comes_back(several: Several) -> None:
    several.sheet("S-1", _day("02"), _day("03"))
    several.lab.drain()
    several.sheet("S-1", _day("03"))
    several.lab.drain()
    assert _keys(deleted=True) == ["S-1/2026-11-02"]
    assert len(several.lab.target.effects) == 2

    several.sheet("S-1", _day("02", "4"), _day("03"))
    several.lab.drain()
    assert _keys(deleted=True) == []
    assert several.there() == {"S-1/2026-11-02": "4", "S-1/2026-11-03": "8"}
    several.delete("S-1")
    several.lab.drain()
    assert len(_keys(deleted=True)) == 2


def test_many_that_go_at_once_keep_what_was_sent_once(several: Several) -> None:
    first = date(2026, 9, 1)
    days = [{**_day("01"), "on": str(first + timedelta(days=n))} for n in range(53)]
    for id_ in ("S-1", "S-2"):
        several.sheet(id_, *days)
    several.lab.drain()
    several.sheet("S-1", days[0])
    several.delete("S-2")
    several.lab.drain()
    assert len(_keys(deleted=True)) == 52 + 53
    gone = RecordVersion.objects.filter(number=2)
    kept = gone.exclude(source=None).values_list("record__key", flat=True)
    assert sorted(kept) == ["S-1/2026-09-02", "S-2/2026-09-01"]


def test_a_member_that_is_gone_before_it_was_written_is_not_written(several: Several) -> None:
    several.lab.target.fail_before = [Transient("busy")]
    several.sheet("S-1", _day("02"))
    several.lab.drain()
    several.sheet("S-1", _day("03"))
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {"S-1/2026-11-03": "8"}
    row = several.lab.delivery("S-1/2026-11-02", "time")
    assert (row.state, row.outcome) == ("unchanged", "It was deleted before it was written.")


def test_a_member_can_move_to_another_record_of_the_source(several: Several) -> None:
    several.sheet("S-1", _day("02"), _day("03"), sheet="week")
    several.lab.drain()
    # Its new owner comes first: nobody can say yet that the old one has given it up.
    several.sheet("S-2", _day("03"), sheet="week")
    several.lab.drain()
    aside = InboundEvent.objects.get()
    assert aside.external_id == "S-2"
    assert Issue.objects.get().kind == "duplicate_record"
    several.sheet("S-1", _day("02"), sheet="week")
    several.lab.drain()
    several.lab.drain()
    assert _keys(deleted=False) == ["week/2026-11-02", "week/2026-11-03"]
    ref = ExternalRef.objects.get(object="timesheets", part="week/2026-11-03")
    assert ref.external_id == "S-2"
    assert not Issue.objects.filter(state="open").exists()
    # In one page, whatever the order: it goes over at once.
    several.sheet("S-2", sheet="week")
    several.sheet("S-1", _day("02"), _day("03"), sheet="week")
    pages = several.lab.source.pages["timesheets"]
    last = pages.pop()
    pages[-1] = Page((*pages[-1].records, *last.records), {}, last=True)
    several.lab.drain()
    ref = ExternalRef.objects.get(object="timesheets", part="week/2026-11-03")
    assert (ref.external_id, _keys(deleted=True)) == ("S-1", [])


def test_one_that_is_refused_leaves_its_numbers_to_the_others_of_its_page(
    several: Several,
) -> None:
    several.sheet("S-0", _day("02"), sheet="week")
    several.sheet("S-2", _day("05"), _day("06"), sheet="week")
    several.lab.drain()
    # S-1 wants a number of S-0's, one that is free, and one that S-2 gives up in the same page.
    several.sheet("S-1", _day("02"), _day("03"), _day("06"), sheet="week")
    several.sheet("S-2", _day("05"), sheet="week")
    several.sheet("S-3", _day("03"), sheet="week")
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
    assert _keys(deleted=True) == ["week/2026-11-06"]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([_day("02"), _day("03", "eight")], "(Number 2 of 2 in the list.)"),
        ([_day("02"), _day("03"), _day("02")], "It has the number S-1/2026-11-02, as number 1"),
    ],
)
def test_one_bad_member_sets_the_whole_aside_and_says_which(
    several: Several, days: Sequence[Mapping[str, str]], said: str
) -> None:
    several.sheet("S-1", *days)
    several.sheet("S-2", _day("02"))
    several.lab.drain()
    assert _keys() == ["S-2/2026-11-02"]
    assert said in InboundEvent.objects.get(external_id="S-1").problems[0][3]
    several.sheet("S-1", _day("02"), _day("03"))
    several.lab.drain()
    assert len(_keys()) == 3
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
    several.sheet("S-1", _day("02"), _day("03"))
    crashpoints.arm("intake.before_commit:raise")
    with pytest.raises(crashpoints.CrashPoint):
        several.lab.drain()
    crashpoints.arm("")
    assert _keys() == []
    Stream.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    several.lab.drain()
    assert len(several.there()) == 2


# --- out -----------------------------------------------------------------------------------


def test_an_invoice_makes_a_delivery_for_each_line_and_what_follows_waits_for_all(
    several: Several,
) -> None:
    several.lab.target.fail_before = [None, Transient("busy")]
    several.invoice("I-1", a="10", b="20", c="30")
    several.lab.drain()
    assert _states("note") == [("I-1", "waiting")]
    several.lab.deliver_late()
    assert several.there() == {"I-1-a": "10", "I-1-b": "20", "I-1-c": "30", "I-1": "None"}
    # What waited for all of them went last.
    assert several.lab.target.effects[-1].reference == "I-1"


def test_what_a_check_holds_of_a_line_waits_until_the_line_is_right(several: Several) -> None:
    several.invoice("I-1", a="10", b="0")
    several.lab.drain()
    several.lab.deliver_late()
    assert _states("revenue") == [("I-1", "waiting")]
    assert several.there() == {}
    several.invoice("I-1", a="10", b="2")
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {"I-1-a": "10", "I-1-b": "2", "I-1": "None"}


def test_a_line_that_changes_goes_alone_and_one_that_is_gone_is_marked(several: Several) -> None:
    several.invoice("I-1", a="10", b="20")
    several.lab.drain()
    several.invoice("I-1", a="10", c="5")
    several.lab.drain()
    assert several.there() == {"I-1-a": "10", "I-1-b": "20", "I-1-c": "5", "I-1": "None"}
    assert _keys("revenue_event", deleted=True) == ["I-1-b"]
    assert Delivery.objects.filter(step="revenue", record__key="I-1-a").count() == 1
    several.invoice("I-1", a="10", b="21", c="5")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == []
    assert several.there()["I-1-b"] == "21"


def test_what_two_causes_make_is_gone_when_both_have_given_it_up(several: Several) -> None:
    several.derive_by("concat('R-', field('each.reference'))", Shared={})
    several.invoice("I-1", a="10", b="20")
    several.invoice("I-2", b="20", c="30")
    several.lab.drain()
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == []
    assert RecordVersion.objects.filter(record__key="R-b").count() == 1
    several.invoice("I-2", c="30")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == ["R-b"]


def test_a_line_goes_and_comes_back_with_its_invoice(several: Several) -> None:
    several.derive_by("concat('R-', field('each.reference'))", Shared={})
    several.invoice("I-1", a="10", b="20")
    several.invoice("I-2", b="20")
    several.lab.drain()
    several.delete("I-1", "invoices")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == ["R-a"]
    # As with any record: what was delivered stays there, and nobody is asked.
    assert several.there() == {"R-a": "10", "R-b": "20"}
    assert len(several.lab.target.effects) == 2
    assert not Issue.objects.exists()
    several.invoice("I-1", a="10", c="5")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == []
    assert several.there() == {"R-a": "10", "R-b": "20", "R-c": "5"}


def test_a_line_of_a_deleted_invoice_that_was_not_written_is_not_written(
    several: Several,
) -> None:
    several.lab.target.fail_before = [Transient("busy")]
    several.invoice("I-1", a="10")
    several.invoice("I-2", a="10", b="0")  # held by a check: its lines are not made yet
    several.lab.drain()
    assert _keys("revenue_event") == ["I-1-a"]
    several.delete("I-1", "invoices")
    several.delete("I-2", "invoices")
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {}
    assert _keys("revenue_event", deleted=False) == []
    assert not Delivery.objects.filter(state__in=sorted(DELIVERY.open)).exists()


def test_a_comparison_that_misses_an_invoice_takes_its_lines_along(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.intake.comparing.MOST_SHARE", 0.5)
    several.invoice("I-0", a="10")
    several.invoice("I-1", a="10")
    several.lab.drain()
    stream = Stream.objects.get(object="invoices")
    pages = several.lab.source.pages["invoices"]
    pages[:] = [Page(page.records, page.cursor, last=False) for page in pages[1:]]
    compare_now(BUILDER, stream, reason="A test")
    several.lab.deliver_late()
    assert _keys("invoice", deleted=True) == ["I-0"]
    assert _keys("revenue_event", deleted=True) == ["I-0-a"]


def test_two_workflows_that_share_a_mapping_leave_each_other_s_records(several: Several) -> None:
    late = {"version": "late", "entities": {"C-2": {"version": "early"}}}
    several.derive_by(
        "concat(var('cut_off_rule'), '-', field('each.reference'))",
        Early={"cycle": {"date": "issue_date", "rule": {"version": "early"}}},
        Late={"cycle": {"date": "issue_date", "entity": "contract", "rule": late}},
    )
    several.invoice("I-1", a="10", b="20")
    several.lab.drain()
    assert _keys("revenue_event", deleted=False) == ["early-a", "early-b", "late-a", "late-b"]
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert _keys("revenue_event", deleted=True) == ["early-b", "late-b"]
    # For a while both make the same; what one of them then gives up the other still makes.
    several.invoice("I-1", "C-2", a="10")
    several.lab.drain()
    assert _keys("revenue_event", deleted=False) == ["early-a"]
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert _keys("revenue_event", deleted=False) == ["early-a", "late-a"]


def test_an_answer_that_is_lost_is_looked_up_for_its_own_line(several: Several) -> None:
    several.lab.target.fail_after = [None, Unknown("no answer")]
    several.invoice("I-1", a="10", b="20")
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {"I-1-a": "10", "I-1-b": "20", "I-1": "None"}
    assert several.lab.target.look_ups == 1
