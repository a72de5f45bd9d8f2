"""Nothing is lost, whatever moves while a list is read.

A source of our own plays each paging style over rows that change, appear and tie between
any two calls, as hypothesis decides; the promise is checked on what was read in the end.
"""

import email.utils
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.connectors.auth import Bearer
from syncjobs.connectors.base import ConnectionField, Page
from syncjobs.connectors.calls import Call, Caller, Reply
from syncjobs.connectors.cursor import MOST_SEEN
from syncjobs.connectors.descriptor import (
    Changes,
    ErrorShape,
    ObjectSpec,
    Paging,
    RestDescriptor,
)
from syncjobs.connectors.dialects import (
    AFTER,
    Condition,
    Params,
    PlainDialect,
    moment_of,
    moment_text,
)
from syncjobs.connectors.errors import Config, Permanent, Rejected, Transient
from syncjobs.connectors.paging import RANGE_END
from syncjobs.connectors.reading import read_pages

START = datetime(2026, 11, 1, tzinfo=UTC)
STYLES = ("token", "link", "page", "range")


class _SeekDialect(PlainDialect):
    """Spells the position of the range style as two parameters."""

    def query(self, conditions: Any, *, fields: Any, order: Any) -> Params:
        found: Params = []
        for entry in conditions:
            if entry.operator == AFTER:
                moment, row_id = entry.value
                found += [("after", moment_text(moment) if moment else ""), ("id", str(row_id))]
            else:
                found += super().query([entry], fields=fields, order=order)
        return found


@dataclass
class Source:
    """Rows in order of change, then id; `between` runs before each call."""

    style: str
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    clock: datetime = START
    between: Callable[[], None] = lambda: None
    calls: int = 0

    def put(self, row_id: int, *, tick: bool = True, lag: int = 0, **content: Any) -> None:
        """Create or change a row; without a tick it ties with the change before.

        A record's own time of change never goes back.
        """
        if tick:
            self.clock += timedelta(seconds=1)
        before = self.rows.get(row_id, {}).get("at", "")
        at = max(before, moment_text(self.clock - timedelta(seconds=lag)))
        self.rows[row_id] = {"id": row_id, "at": at, **content}

    def headers(self) -> dict[str, str]:
        return {"Date": email.utils.format_datetime(self.clock, usegmt=True)}

    def listed(self, since: str | None) -> list[dict[str, Any]]:
        found = sorted(self.rows.values(), key=lambda row: (row["at"], row["id"]))
        return [row for row in found if since is None or row["at"] >= since]

    # --- the caller's side -----------------------------------------------------------
    def send(self, call: Call) -> Reply:
        self.calls += 1
        if self.calls > 1:
            self.between()
        path, _, query = call.path.partition("?")
        asked = {name: values[-1] for name, values in parse_qs(query).items()} | dict(call.params)
        size = int(asked.get("size") or 0)
        match self.style:
            case "token":
                return self._seek(asked, size, lambda t: {"next": t})
            case "link":
                return self._seek(
                    asked,
                    size,
                    lambda t: {"next": f"{path}?{urlencode({'token': t, 'size': size})}"},
                )
            case "page":
                rows = self.listed(asked.get("since"))
                start = (int(asked["page"]) - 1) * size
                page = rows[start : start + size]
                return Reply(200, self.headers(), {"rows": page, "count": len(rows)})
        return self._range(call, asked)

    def _seek(self, asked: Mapping[str, str], size: int, link: Callable[[str], Any]) -> Reply:
        rows = self.listed(asked.get("since") if "token" not in asked else None)
        if "token" in asked:
            at, row_id = asked["token"].split("|")
            rows = [row for row in rows if (row["at"], row["id"]) > (at, int(row_id))]
        page = rows[:size]
        more = link(f"{page[-1]['at']}|{page[-1]['id']}") if len(rows) > size else {}
        return Reply(200, self.headers(), {"rows": page, **more})

    def _range(self, call: Call, asked: Mapping[str, str]) -> Reply:
        size = int((call.headers or {})["Range"].split("-")[1])
        rows = self.listed(asked.get("since"))
        if "after" in asked:
            place = (asked["after"], int(asked["id"]))
            rows = [row for row in rows if (row["at"], row["id"]) > place]
        if not rows and "after" in asked:
            return Reply(RANGE_END, {}, None)
        page = rows[:size]
        told = {"Content-Range": f"rows 0-{len(page)}/{len(rows)}"}
        return Reply(200, self.headers() | told, {"rows": page})

    def below_root(self, link: str) -> str:
        return link

    config: Mapping[str, str] = field(default_factory=dict)


def _system(style: str, overlap: int = 0) -> RestDescriptor:
    paging = {
        "token": Paging(style="token", size_param="size", token_param="token", token_path="next"),
        "link": Paging(style="link", size_param="size", link_path="next"),
        "page": Paging(
            style="page", size_param="size", page_param="page", total_path="count", max_size=1000
        ),
        "range": Paging(style="range"),
    }[style]
    return RestDescriptor(
        key="moving",
        label="Moving",
        kind="psa",
        summary="Rows that move.",
        auth=Bearer(),
        config_fields=(ConnectionField(name="base_url", label="Address"),),
        secret_fields=(ConnectionField(name="token", label="Token"),),
        paging=paging,
        errors=ErrorShape(message="message"),
        dialect=_SeekDialect(),
        objects=(
            ObjectSpec(
                name="rows",
                label="Rows",
                path="/rows",
                rows="rows",
                modified="at",
                changes=Changes(field="since", overlap=overlap),
            ),
        ),
    )


def _read(
    source: Source, cursor: Mapping[str, object] | None = None, *, size: int = 3, overlap: int = 0
) -> Iterator[Page]:
    system = _system(source.style, overlap)
    caller: Caller = source  # type: ignore[assignment]  # has the three members that reading uses
    return read_pages(caller, system, system.find("rows"), cursor, size)


def _ids(pages: list[Page]) -> list[int]:
    return [int(record.id) for page in pages for record in page.records]


@pytest.mark.parametrize("style", STYLES)
def test_all_rows_come_in_pages_and_the_next_read_brings_only_changes(style: str) -> None:
    source = Source(style)
    for number in range(10):
        source.put(number)
    pages = list(_read(source))
    assert _ids(pages) == list(range(10))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]

    source.put(4, changed=True)
    source.put(99)
    again = list(_read(source, pages[-1].cursor))
    assert _ids(again) == [4, 99]
    assert _ids(list(_read(source, again[-1].cursor))) == []


@pytest.mark.parametrize("style", STYLES)
def test_many_rows_of_one_moment_all_come(style: str) -> None:
    source = Source(style)
    source.put(0)
    for number in range(1, 24):
        source.put(number, tick=number == 1)
    source.put(24)
    pages = list(_read(source, size=5))
    assert sorted(set(_ids(pages))) == list(range(25))
    assert _ids(list(_read(source, pages[-1].cursor, size=5))) == []


@pytest.mark.parametrize("style", STYLES)
def test_each_cursor_continues_after_its_page(style: str) -> None:
    source = Source(style)
    for number in range(17):
        source.put(number, tick=number % 6 == 0)
    found: list[int] = []
    cursor: Mapping[str, object] | None = None
    for _ in range(60):
        page = next(_read(source, cursor, size=4))  # the reader is killed after every page
        found += _ids([page])
        cursor = page.cursor
        if page.last:
            break
    assert page.last
    assert sorted(set(found)) == list(range(17))


CHANGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 2)), max_size=4)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("late", [0, 3])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_rows_that_change_while_being_read_are_never_lost(
    style: str, late: int, data: st.DataObject
) -> None:
    """Once the source is quiet, the next read has the newest content of every row.

    `late` seconds is how much older than now a change's time may be: the overlap.
    """
    source = Source(style)
    lags = st.integers(0, late)
    for number in range(data.draw(st.integers(0, 14), "rows")):
        source.put(number, tick=data.draw(st.booleans(), "tick"))
    storms = data.draw(st.integers(0, 12), "storms")
    killed = data.draw(st.booleans(), "killed after each page")
    versions = itertools.count(1)

    def storm() -> None:
        nonlocal storms
        storms -= 1
        for row_id, ticks in data.draw(CHANGES, "changes") if storms >= 0 else ():
            source.clock += timedelta(seconds=ticks)
            source.put(row_id, tick=False, lag=data.draw(lags, "lag"), version=next(versions))

    source.between = storm
    size = data.draw(st.integers(1, 5), "size")
    newest: dict[int, Any] = {}
    cursor: Mapping[str, object] | None = None
    quiet_from_start = False
    while True:
        for page in _read(source, cursor, size=size, overlap=late):
            newest |= {int(record.id): record.data for record in page.records}
            cursor = page.cursor
            if killed and not page.last:
                break
        if page.last and quiet_from_start:
            break
        quiet_from_start = (page.last or quiet_from_start) and storms <= 0
    assert newest == source.rows


def test_a_row_that_leaves_an_earlier_page_number_shifts_nothing_out() -> None:
    """Plain page numbers lose a row here; reading the page before again shows the shift."""
    source = Source("page")
    for number in range(12):
        source.put(number, tick=False)
    moved = iter([None, 1, None, 2])

    def move() -> None:
        row_id = next(moved, None)
        if row_id is not None:
            source.put(row_id)

    source.between = move
    found = _ids(list(_read(source, size=4)))
    assert set(found) == set(range(12))


def test_a_record_shown_late_is_found_by_the_overlap() -> None:
    source = Source("token")
    for number in range(3):
        source.put(number)
    pages = list(_read(source, overlap=10))
    source.rows[50] = {"id": 50, "at": moment_text(source.clock - timedelta(seconds=2))}
    again = list(_read(source, pages[-1].cursor, overlap=10))
    assert _ids(again) == [50], "what was read and is the same does not come again"
    assert _ids(list(_read(source, again[-1].cursor, overlap=10))) == []


def test_a_change_within_one_tick_of_the_clock_is_found() -> None:
    source = Source("token")
    source.put(1, text="a")
    pages = list(_read(source))
    source.put(1, tick=False, text="b")
    assert _ids(list(_read(source, pages[-1].cursor))) == [1]


def test_the_cursor_stays_small_whatever_ties() -> None:
    source = Source("token")
    for number in range(MOST_SEEN + 500):
        source.put(number, tick=False)
    pages = list(_read(source, size=200))
    assert len(_ids(pages)) == MOST_SEEN + 500
    assert len(pages[-1].cursor["seen"]) == MOST_SEEN  # type: ignore[arg-type]  # a list
    again = _ids(list(_read(source, pages[-1].cursor, size=200)))
    assert again == list(range(500)), "beyond the limit they come again, which harms nobody"


@pytest.mark.parametrize("style", STYLES)
def test_an_empty_list_is_one_last_page_and_the_cursor_starts_over(style: str) -> None:
    source = Source(style)
    pages = list(_read(source))
    assert [(len(page.records), page.last) for page in pages] == [(0, True)]
    source.put(1)
    assert _ids(list(_read(source, pages[-1].cursor))) == [1]


def test_a_place_that_the_system_has_forgotten_starts_the_read_over() -> None:
    source = Source("token")
    for number in range(7):
        source.put(number)
    first = next(_read(source))
    send = source.send

    def forgetful(call: Call) -> Reply:
        if any(name == "token" for name, _ in call.params):
            source.send = send  # type: ignore[method-assign]  # once
            raise Rejected("The cursor is not known any more.", status=400)
        return send(call)

    source.send = forgetful  # type: ignore[method-assign]  # once
    assert _ids(list(_read(source, first.cursor))) == list(range(7))


def test_how_much_is_left_is_told_where_the_source_knows() -> None:
    for style in ("page", "range"):
        source = Source(style)
        for number in range(5):
            source.put(number)
        assert next(_read(source, size=3)).total == 5


@pytest.mark.parametrize("body", [{}, {"rows": None}, {"rows": {}}, [], None, "x"])
def test_a_list_without_rows_is_no_empty_list(body: object) -> None:
    source = Source("token")
    source.send = lambda call: Reply(200, {}, body)  # type: ignore[method-assign]
    with pytest.raises(Transient, match="without its rows"):
        list(_read(source))


def test_a_row_whose_id_cannot_be_kept_does_not_stop_the_read() -> None:
    """Its page is told of it when it is stored (`intake/unkept.py`)."""
    source = Source("token")
    rows = [{"id": "1"}, {"id": "9" * 201}]
    source.send = lambda call: Reply(200, {}, {"rows": rows})  # type: ignore[method-assign]
    assert [len(one.id) for page in _read(source) for one in page.records] == [1, 201]


@pytest.mark.parametrize("style", ["token", "link"])
def test_a_list_whose_place_stands_still_is_not_read_for_ever(style: str) -> None:
    source = Source(style)
    source.send = lambda call: Reply(200, {}, {"rows": [], "next": "same"})  # type: ignore[method-assign]
    with pytest.raises(Permanent, match="never ends"):
        list(_read(source))


@pytest.mark.parametrize(
    "text", ["2026-11-03T10:15:02.1234569Z", "2026-11-03T10:15:02.123456+00:00",
             "2026-11-03T11:15:02.123456+01:00", "2026-11-03T10:15:02.123456"],
)  # fmt: skip
def test_moments_are_read_in_every_usual_spelling_and_cut_never_rounded(text: str) -> None:
    assert moment_of(text) == datetime(2026, 11, 3, 10, 15, 2, 123456, UTC)


@pytest.mark.parametrize("value", [None, 5, "", "soon", "2026", "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert moment_of(value) is None


def test_a_condition_is_data() -> None:
    assert PlainDialect().query([Condition("a", "=", "b")], fields=(), order=()) == [("a", "b")]
    assert Config.kind == "config"
