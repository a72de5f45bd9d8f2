"""The audit explorer, its export, and the API's view of it."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from django_tenants.utils import tenant_context

from governance import correlation
from governance.actions import CHANGE_PROPOSED, CHANGE_REJECTED
from governance.actors import Actor, task_actor
from governance.models import AuditEntry
from governance.services import audit
from governance.services.trail import Filters, Place, older_than, place_from, trail, trail_page
from tenants.models import Partner
from tests import actors

pytestmark = pytest.mark.usefixtures("at_home")
Browse = Callable[..., Browser]
LIST, EXPORT = "/changes/audit/", "/changes/audit/export/"


def _write(count: int, **fields: object) -> None:
    for number in range(count):
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=number, **fields)  # type: ignore[arg-type]  # short for the tests


def _page(browser: Browser, query: str = "") -> str:
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_pages_by_keyset_show_each_entry_once_also_at_equal_times(
    northwind: Partner, alice: Actor
) -> None:
    for _ in range(10):  # those of one statement have the same time
        audit.record_many([audit.EntryDraft(CHANGE_PROPOSED, "pages", n) for n in range(5)])
    filters, seen, after = Filters(object_kind="pages"), [], None
    while True:
        page = trail_page(alice, filters, after=after, size=9)
        seen += [entry.pk for entry in page.entries]
        if page.older is None:
            break
        after = place_from(str(page.older))
        assert after == page.older
    assert seen == [entry.pk for entry in trail(alice, filters)]
    assert len(set(seen)) == 50


@pytest.mark.parametrize("text", ["", "x", "2026-01-01_5", "2026-01-01T00:00:00+00:00_x", "_"])
def test_a_place_that_makes_no_sense_starts_at_the_newest(text: str) -> None:
    assert place_from(text) is None


def test_a_place_survives_its_own_text() -> None:
    place = Place(timezone.now(), 7)
    assert place_from(str(place)) == place


def test_it_is_found_by_actor_action_object_and_time(
    northwind: Partner, alice: Actor, browse: Browse
) -> None:
    with correlation.scope(actor=alice, door="admin"):
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id="a1", object_label="Lamp A1")
    with correlation.scope(actor=task_actor("sweep"), door="task"):
        audit.record(CHANGE_REJECTED, object_kind="desk", object_id="b2", object_label="Desk B2")
    browser = browse(actors.FRANK)
    for query, found, not_found in (
        (f"who=person:{alice.id}", "Lamp A1", "Desk B2"),
        ("who=task:", "Desk B2", "Lamp A1"),
        ("action=change.rejected", "Desk B2", "Lamp A1"),
        ("kind=lamp&target=a1", "Lamp A1", "Desk B2"),
        ("named=lamp+a", "Lamp A1", "Desk B2"),
        ("named=sk+b2", "Desk B2", "Lamp A1"),
    ):
        page = _page(browser, query)
        assert found in page, query
        assert not_found not in page, query
    today = timezone.localdate()
    assert "Lamp A1" in _page(browser, f"since={today}&until={today}")
    assert "No entry matches" in _page(browser, f"until={today - timedelta(days=1)}&kind=lamp")


def test_somebody_beyond_those_to_choose_from_is_found_all_the_same(
    northwind: Partner, alice: Actor, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.trail_filters._PEOPLE", 0)
    with correlation.scope(actor=alice, door="admin"):
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id="a1", object_label="Lamp A1")
    page = _page(browse(actors.FRANK), f"who=person:{alice.id}")
    assert "Lamp A1" in page
    assert f'value="person:{alice.id}" selected' in page
    assert "needs your attention" in _page(browse(actors.FRANK), "who=person:999999")


def test_a_filter_that_makes_no_sense_is_named(northwind: Partner, browse: Browse) -> None:
    browser = browse(actors.FRANK)
    for query in ("since=yesterday", "who=person:1%20OR%201", "action=no.such"):
        page = _page(browser, query)
        assert "needs your attention" in page
        assert browser.get(f"{EXPORT}?{query}").status_code == 400


def test_older_entries_are_a_page_away_and_the_filter_is_kept(
    northwind: Partner, browse: Browse
) -> None:
    _write(60)
    browser = browse(actors.ALICE)
    first = _page(browser, "kind=lamp")
    link = re.search(r'rel="next" href="\?([^"]+)"', first)
    assert link is not None
    query = link[1].replace("&amp;", "&")
    assert query.startswith("kind=lamp&after=")
    second = _page(browser, query)
    assert second.count('data-label="When"') == 10
    assert "Newest" in second
    assert 'rel="next"' not in second


def test_before_and_after_are_shown(northwind: Partner, browse: Browse) -> None:
    _write(1, before={"rate": "145.00"}, after={"rate": "152.00"})
    page = _page(browse(actors.FRANK), "kind=lamp")
    assert "145.00" in page
    assert "152.00" in page


@pytest.mark.parametrize("person", [actors.BOB, actors.DAVE, actors.ERIN])
def test_who_may_not_read_the_trail_gets_403(
    northwind: Partner, browse: Browse, person: actors.Person
) -> None:
    browser = browse(person)
    assert browser.get(LIST).status_code == 403
    assert browser.get(EXPORT).status_code == 403


def _exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    response = browser.get(f"{EXPORT}?{query}")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed answer
    return list(csv.DictReader(io.StringIO(text)))


def test_the_export_holds_what_the_filter_finds_and_is_itself_recorded(
    northwind: Partner, alice: Actor, browse: Browse
) -> None:
    _write(3, before={"a": 1}, after={"a": 2})
    rows = _exported(browse(actors.FRANK), "kind=lamp")
    assert [row["object_id"] for row in rows] == ["2", "1", "0"]
    assert rows[0]["after"] == '{"a": 2}'
    with tenant_context(northwind):  # the stream's end has left the schema
        entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.actor_label.startswith(actors.FRANK.name)
    assert entry.after == {"object_kind": "lamp"}


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-cmd", "@x", "\t=1", " =1", "＝1", "\u200b=1"])
def test_the_export_holds_no_formula(northwind: Partner, browse: Browse, evil: str) -> None:
    _write(1, object_label=evil, reason=evil)
    (row,) = _exported(browse(actors.FRANK), "kind=lamp")
    for column in ("object_label", "reason"):
        assert row[column] == f"'{evil}"


def test_a_large_export_comes_whole(
    northwind: Partner, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.services.trail._EXPORT_CHUNK", 7)
    _write(40)
    rows = _exported(browse(actors.FRANK), "kind=lamp")
    assert [int(row["object_id"]) for row in rows] == list(range(39, -1, -1))


def _fill() -> None:
    """Write so many entries that it matters how they are found."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO governance_auditentry (actor_kind, actor_id, actor_label, door,"
            " address, action, object_kind, object_id, object_label, reason, correlation_id)"
            " SELECT 'person', n %% 50, 't', 'task', '', 'change.kind' || n %% 20, 'lamp',"
            " n, '', '', 'c' FROM generate_series(1, %s) AS n",
            [3000],
        )


# The planner knows only what was committed, and that as of some moment: what other tests left.
# Nobody has anything of these values, so whatever it knows, it takes them for rare.
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "audit_at"),
        (Filters(action="lamp.lit"), "audit_action"),
        (Filters(actor_kind="person", actor_id=2**40), "audit_actor"),
        (Filters(object_kind="unlit lamp", object_id="u3"), "audit_object"),
        (Filters(since=timezone.now() - timedelta(days=1)), "audit_at"),
    ],
)
def test_every_filter_has_its_index(alice: Actor, filters: Filters, index: str) -> None:
    _fill()
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # what it does with few rows
            cursor.execute(f"SET LOCAL enable_{way} = off")
    place = Place(timezone.now(), 2**40)
    for found in (trail(alice, filters), older_than(trail(alice, filters), place)):
        assert index in found[:50].explain()
