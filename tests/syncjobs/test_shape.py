"""Fields that go missing or change their kind in a source are told, and end by themselves."""

from decimal import Decimal
from typing import Any

import pytest

from governance.permits import permit
from mappings.models import Mapping
from mappings.services.versions import publish, save_draft
from syncjobs.models import Issue, Stream
from syncjobs.services.advice import advice_on
from syncjobs.shape import LEARN, Shape, kind_at, look, read, words
from tests.fakes.systems import record
from tests.syncjobs.factories import BUILDER, CUSTOMER_IN, Lab

PATHS = ("at.city", "name", "worth")
FULL: dict[str, object] = {"name": "A", "at": {"city": "Oslo"}, "worth": Decimal(1)}


def learned() -> Shape:
    return look(Shape(), 7, PATHS, [FULL] * LEARN)


def without(*names: str, **more: object) -> dict[str, object]:
    return {key: value for key, value in FULL.items() if key not in names} | more


def after(*pages: list[dict[str, object]]) -> Shape:
    """What is known after these pages; it survives being stored."""
    shape = learned()
    for page in pages:
        shape = read(look(shape, 7, PATHS, page).stored())
    return shape


def test_what_all_have_is_learned_and_the_same_again_changes_nothing() -> None:
    shape = learned()
    assert shape.kinds == {"at.city": "text", "name": "text", "worth": "number"}
    assert look(shape, 7, PATHS, [FULL] * 200) is shape
    assert read(shape.stored()) == shape


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (without("name"), "name is gone"),
        (without("at"), "at.city is gone"),
        (without(worth="1"), "worth was number and is text now"),
        (without("name", worth={"x": 1}), "name is gone; worth was number and is object now"),
    ],
)
def test_what_is_otherwise_in_all_records_is_told(row: dict[str, object], said: str) -> None:
    assert words(after([row] * 3).told) == said
    assert words(after([row], [row], [row]).told) == said, "also where they come one by one"
    assert not after([row, row]).told, "two are too few"
    assert not after([row] * 9, [FULL]).told, "it is over when it is back"
    assert words(after([row] * 9, [FULL], [row] * 3).told) == said, "and told when it is gone again"


def test_what_comes_and_goes_is_optional() -> None:
    row = without("name")
    assert not after([row, FULL, row], [row] * 9).told
    assert not after([row], [FULL], [row] * 9).told


def test_null_says_nothing_and_nothing_is_gone_below_it() -> None:
    assert not after([without(name=None, at=None)] * 9).told


def test_below_a_list_nothing_is_known() -> None:
    assert kind_at({"lines": [{"amount": 1}]}, "lines.amount") == ""
    assert kind_at({"done": True}, "done") == "yes or no"


def test_another_version_of_the_mapping_begins_anew() -> None:
    shape = look(after([without("name")] * 3), 8, PATHS, [])
    assert (shape.mapping, shape.told, shape.seen) == (8, (), 0)


def put(lab: Lab, *numbers: int, **row: Any) -> None:
    """Let a page of the source bring these customers, each with these fields."""
    rows = [
        record(str(one), {"no": f"C-{one}", "name": f"Name {one}", "tax": "EU", **row})
        for one in numbers
    ]
    shown = [
        record(one.id, {key: value for key, value in one.data.items() if value is not ...})
        for one in rows
    ]
    lab.source.put("customers", *shown)
    lab.drain()


def test_a_field_that_a_source_stops_giving_is_one_exception_until_it_is_back(lab: Lab) -> None:
    put(lab, *range(LEARN))
    assert not Issue.objects.exists()
    put(lab, 100, 101, 102, tax=...)
    put(lab, 103, 104, tax=...)
    issue = Issue.objects.get()
    assert (issue.kind, issue.class_name, issue.count) == ("schema_drift", "technical", 1)
    assert issue.title == "Source: customers come with other fields than before"
    assert "tax is gone." in advice_on(issue, issue.deliveries.all()).why
    put(lab, 105)
    issue.refresh_from_db()
    assert issue.state == "resolved"
    put(lab, 106, 107, 108, tax=...)
    issue.refresh_from_db()
    assert (issue.state, issue.reopened) == ("open", 1)


def test_more_fields_that_go_are_named_in_the_one_exception(lab: Lab) -> None:
    put(lab, *range(LEARN))
    put(lab, 100, 101, 102, tax=...)
    put(lab, 103, 104, 105, tax=["EU"], name=7)
    issue = Issue.objects.get(kind="schema_drift")
    assert issue.detail["message"] == (
        "name was text and is number now; tax was text and is list now."
    )


def test_a_mapping_that_is_published_anew_ends_it(lab: Lab) -> None:
    put(lab, *range(LEARN))
    put(lab, 100, 101, 102, tax=...)
    mapping = Mapping.objects.get(slug="customer-in")
    rules = [one for one in CUSTOMER_IN if one["id"] != "tax"]
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, {"rules": rules}))
    lab.drain()
    assert Issue.objects.get().state == "resolved"
    put(lab, *range(200, 200 + LEARN), tax=...)
    put(lab, 300, 301, 302, tax=...)
    assert Issue.objects.get().state == "resolved", "nobody reads it any more"


def test_a_page_that_says_nothing_new_writes_nothing(lab: Lab) -> None:
    put(lab, *range(LEARN))
    shape = Stream.objects.get(pk=lab.customers.pk).shape
    assert shape["kinds"] == {"name": "text", "no": "text", "tax": "text"}
    put(lab, 100, 101, 102)
    assert Stream.objects.get(pk=lab.customers.pk).shape == shape
