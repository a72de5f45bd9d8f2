"""Every list of the engine: searched, ordered and downloaded by what its address says."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.models import AuditEntry
from syncjobs.connectors.errors import Rejected
from syncjobs.models import Connection, Run
from tests import actors
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def worked(lab: Lab) -> Lab:
    """Two customers through, one refused."""
    lab.target.fail_before = [Rejected("It is blocked.")]
    for id_ in ("1", "2", "3"):
        lab.put_customer(id_)
    lab.drain()
    return lab


@pytest.fixture
def rows(worked: Lab, browse: Callable[..., Browser]) -> Callable[..., list[dict[str, str]]]:
    """What a list's download has, as a manager of connections gets it."""
    staff = browse(actors.BOB)

    def download(name: str, **asked: str) -> list[dict[str, str]]:
        answer = staff.get(page_url(name), {"format": "csv", **asked})
        assert "attachment" in answer["Content-Disposition"], name
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    return download


LISTS = ("run_list", "record_list", "exception_list", "connection_list", "workflow_list")


@pytest.mark.parametrize("name", LISTS)
def test_each_list_offers_its_download_and_notes_it(
    name: str, rows: Callable[..., list[dict[str, str]]], browse: Callable[..., Browser]
) -> None:
    shown = browse(actors.BOB).get(page_url(name)).content.decode()
    assert "?format=csv" in shown
    assert "?sort=" in shown
    assert rows(name)
    assert AuditEntry.objects.filter(action="table.exported").count() == 1
    assert rows(name, q="nothing is called so") == []


def test_a_list_that_is_longer_says_so_in_its_last_row(
    rows: Callable[..., list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(rows("record_list")) == 3
    monkeypatch.setattr("tenants.tables.listed.MOST", 2)
    *first, last = rows("record_list")
    assert len(first) == 2
    assert "Only the first 2 of 3 rows." in last.values()
    told = AuditEntry.objects.filter(action="table.exported").latest("id")
    assert told.after == {"rows": 2}


def test_holds_download_too(rows: Callable[..., list[dict[str, str]]]) -> None:
    assert rows("hold_list", show="released") == []


def test_the_order_of_the_address_holds_both_ways(
    rows: Callable[..., list[dict[str, str]]],
) -> None:
    up = [one["Record"] for one in rows("record_list", sort="record")]
    down = [one["Record"] for one in rows("record_list", sort="-record")]
    assert up == sorted(up) == down[::-1]
    assert len(set(up)) == 3
    unknown = [one["Record"] for one in rows("record_list", sort="password")]
    assert sorted(unknown) == up, "what is no column changes nothing"


def test_what_is_empty_comes_last_either_way(rows: Callable[..., list[dict[str, str]]]) -> None:
    Connection.objects.update(last_ok_at=None)
    Connection.objects.filter(name="Target").update(last_ok_at="2026-11-01T00:00:00Z")
    for sort in ("answered", "-answered"):
        assert [one["Name"] for one in rows("connection_list", sort=sort)] == ["Target", "Source"]


def test_runs_and_connections_are_found_by_words(
    rows: Callable[..., list[dict[str, str]]],
) -> None:
    assert {one["Of"] for one in rows("run_list", q="flow")} == {"Flow"}
    assert Run.objects.count() > len(rows("run_list", q="flow", show="all"))
    assert [one["Name"] for one in rows("connection_list", q="targ")] == ["Target"]


def test_a_clients_person_downloads_only_its_own(
    worked: Lab, browse: Callable[..., Browser]
) -> None:
    place = page_url("record_list", door="portal")
    other = browse(actors.MALLORY).get(place, {"format": "csv"}).content.decode("utf-8-sig")
    own = browse(actors.GRACE).get(place, {"format": "csv"}).content.decode("utf-8-sig")
    assert (len(other.splitlines()), len(own.splitlines())) == (1, 4)
