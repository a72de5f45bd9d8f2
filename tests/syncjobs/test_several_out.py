"""One record that becomes several on the way out: an invoice's lines."""

import pytest

from syncjobs.connectors.base import Page
from syncjobs.connectors.errors import Transient, Unknown
from syncjobs.models import (
    Delivery,
    Issue,
    RecordVersion,
    Stream,
)
from syncjobs.services.connections import compare_now
from syncjobs.state import DELIVERY
from tests.syncjobs.factories import (
    BUILDER,
)
from tests.syncjobs.several import Several, keys, states


def test_an_invoice_makes_a_delivery_for_each_line_and_what_follows_waits_for_all(
    several: Several,
) -> None:
    several.lab.target.fail_before = [None, Transient("busy")]
    several.invoice("I-1", a="10", b="20", c="30")
    several.lab.drain()
    assert states("note") == [("I-1", "waiting")]
    several.lab.deliver_late()
    assert several.there() == {"I-1-a": "10", "I-1-b": "20", "I-1-c": "30", "I-1": "None"}
    # What waited for all of them went last.
    assert several.lab.target.effects[-1].reference == "I-1"


def test_what_a_check_holds_of_a_line_waits_until_the_line_is_right(several: Several) -> None:
    several.invoice("I-1", a="10", b="0")
    several.lab.drain()
    several.lab.deliver_late()
    assert states("revenue") == [("I-1", "waiting")]
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
    assert keys("revenue_event", deleted=True) == ["I-1-b"]
    assert Delivery.objects.filter(step="revenue", record__key="I-1-a").count() == 1
    several.invoice("I-1", a="10", b="21", c="5")
    several.lab.drain()
    assert keys("revenue_event", deleted=True) == []
    assert several.there()["I-1-b"] == "21"


def test_what_two_causes_make_is_gone_when_both_have_given_it_up(several: Several) -> None:
    several.derive_by("concat('R-', field('each.reference'))", Shared={})
    several.invoice("I-1", a="10", b="20")
    several.invoice("I-2", b="20", c="30")
    several.lab.drain()
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert keys("revenue_event", deleted=True) == []
    assert RecordVersion.objects.filter(record__key="R-b").count() == 1
    several.invoice("I-2", c="30")
    several.lab.drain()
    assert keys("revenue_event", deleted=True) == ["R-b"]


def test_a_line_goes_and_comes_back_with_its_invoice(several: Several) -> None:
    several.derive_by("concat('R-', field('each.reference'))", Shared={})
    several.invoice("I-1", a="10", b="20")
    several.invoice("I-2", b="20")
    several.lab.drain()
    several.delete("I-1", "invoices")
    several.lab.drain()
    assert keys("revenue_event", deleted=True) == ["R-a"]
    # As with any record: what was delivered stays there, and somebody is asked.
    assert several.there() == {"R-a": "10", "R-b": "20"}
    assert len(several.lab.target.effects) == 2
    told = Issue.objects.get()
    assert (told.kind, told.state) == ("withdrawn_after_delivery", "open")
    several.invoice("I-1", a="10", c="5")
    several.lab.drain()
    told.refresh_from_db()
    assert told.state == "resolved"
    assert keys("revenue_event", deleted=True) == []
    assert several.there() == {"R-a": "10", "R-b": "20", "R-c": "5"}


def test_a_line_of_a_deleted_invoice_that_was_not_written_is_not_written(
    several: Several,
) -> None:
    several.lab.target.fail_before = [Transient("busy")]
    several.invoice("I-1", a="10")
    several.invoice("I-2", a="10", b="0")  # held by a check: its lines are not made yet
    several.lab.drain()
    assert keys("revenue_event") == ["I-1-a"]
    several.delete("I-1", "invoices")
    several.delete("I-2", "invoices")
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {}
    assert keys("revenue_event", deleted=False) == []
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
    assert keys("invoice", deleted=True) == ["I-0"]
    assert keys("revenue_event", deleted=True) == ["I-0-a"]


def test_two_workflows_that_share_a_mapping_leave_each_other_s_records(several: Several) -> None:
    late = {"version": "late", "entities": {"C-2": {"version": "early"}}}
    several.derive_by(
        "concat(var('cut_off_rule'), '-', field('each.reference'))",
        Early={"cycle": {"date": "issue_date", "rule": {"version": "early"}}},
        Late={"cycle": {"date": "issue_date", "entity": "contract", "rule": late}},
    )
    several.invoice("I-1", a="10", b="20")
    several.lab.drain()
    assert keys("revenue_event", deleted=False) == ["early-a", "early-b", "late-a", "late-b"]
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert keys("revenue_event", deleted=True) == ["early-b", "late-b"]
    # For a while both make the same; what one of them then gives up the other still makes.
    several.invoice("I-1", "C-2", a="10")
    several.lab.drain()
    assert keys("revenue_event", deleted=False) == ["early-a"]
    several.invoice("I-1", a="10")
    several.lab.drain()
    assert keys("revenue_event", deleted=False) == ["early-a", "late-a"]


def test_an_answer_that_is_lost_is_looked_up_for_its_own_line(several: Several) -> None:
    several.lab.target.fail_after = [None, Unknown("no answer")]
    several.invoice("I-1", a="10", b="20")
    several.lab.drain()
    several.lab.deliver_late()
    assert several.there() == {"I-1-a": "10", "I-1-b": "20", "I-1": "None"}
    assert several.lab.target.look_ups == 1
