"""What makes the engine fast changes nothing of what it does."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from syncjobs import canonical_store
from syncjobs.canonical_store import Incoming, Origin, store
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.kept import marks_of, rows_kept
from syncjobs.engine.rows import fetch, prepare_here
from syncjobs.engine.sending import Sending
from syncjobs.models import CanonicalRecord, Connection, RecordVersion
from tests.syncjobs.factories import Lab

ODD = ["", "NULL", 'say "no"', "back\\slash", "{a,b}", "Zürich\n\t", "'; --", "\\", '\\"']


@pytest.mark.parametrize("items", [ODD, [], [1, -2, 2**40], ["plain"]])
def test_lists_reach_the_database_as_they_are(lab: Lab, items: list[Any]) -> None:
    kind = "bigint" if items and isinstance(items[0], int) else "text"
    found = fetch(f"SELECT unnest(%(items)s::{kind}[])", {"items": items})
    assert [one for (one,) in found] == items


def _planning() -> str:
    """Ask in a session that is new, as a web process or a worker would after some statement."""
    fetch("SELECT 1", {})
    ((mode,),) = fetch("SHOW plan_cache_mode", {})
    return str(mode)


def test_only_where_the_engine_works_everything_is_planned_anew(db: None) -> None:
    def work() -> tuple[str, str]:
        try:
            first = _planning()
            prepare_here()
            return first, _planning()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == ("auto", "force_custom_plan")


def _kept(pk: int) -> dict[int, Connection]:
    return rows_kept(Connection, marks_of({Connection: [pk]}))


def test_what_is_kept_of_a_row_is_read_again_after_any_change(lab: Lab) -> None:
    pk = lab.target_connection.pk
    first = _kept(pk)[pk]
    first.name = "Scribbled"
    assert _kept(pk)[pk].name == lab.target_connection.name, "one's own object"

    Connection.objects.filter(pk=pk).update(name="Renamed")
    assert _kept(pk)[pk].name == "Renamed"
    with transaction.atomic():
        Connection.objects.filter(pk=pk).update(name="Taken back")
        assert _kept(pk)[pk].name == "Taken back"
        transaction.set_rollback(True)
    assert _kept(pk)[pk].name == "Renamed"
    assert _kept(0) == {}


def test_a_new_record_that_another_batch_was_faster_with_is_merged_into_that(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Origin(lab.client.pk, None, None, "c")
    theirs = Incoming("customer", "C-9", {"name": "Theirs", "city": "Bern"})
    store([theirs], origin)
    look = canonical_store._lock
    blind = [True]

    def lock(client_id: int, keys: Sequence[tuple[str, str]]) -> Any:
        return {} if blind and blind.pop() else look(client_id, keys)

    monkeypatch.setattr(canonical_store, "_lock", lock)
    ours = [
        Incoming("customer", "C-8", {"name": "New"}),
        Incoming("customer", "C-9", {"name": "Ours"}),
        Incoming("customer", "C-9", {"country": "CH"}),
    ]
    stored = store(ours, origin)
    assert [one.version for one in stored] == [1, 2, 3]
    assert [one.before is None for one in stored] == [True, False, False]
    row = CanonicalRecord.objects.get(key="C-9")
    assert (row.version, row.data) == (3, {"name": "Ours", "city": "Bern", "country": "CH"})
    numbers = RecordVersion.objects.filter(record=row).order_by("number")
    assert list(numbers.values_list("number", flat=True)) == [1, 2, 3]
    assert stored[1].id == row.pk


def _sending(
    calls: list[Any], send: Callable[[Any], list[Outcome]], **options: Any
) -> list[Outcome]:
    sending = Sending(calls, send, in_flight=2, **{"stop": lambda: False, **options})
    return [outcome for batch in sending.batches() for outcome in batch]


def _job() -> Any:
    given: Any = None
    return Job(given, 0, given, given, given)


def test_the_next_calls_are_asked_for_before_the_last_have_gone() -> None:
    calls = [[_job()] for _ in range(30)]
    following = [calls[10:20], calls[20:]]
    asked, in_time, numbers = threading.Event(), list[bool](), iter(range(30))

    def send(call: Any) -> list[Outcome]:
        if next(numbers) >= 6:
            in_time.append(asked.wait(5))
        return [Outcome(call[0], "deliver")]

    def follow(_seconds: float) -> list[Any]:
        asked.set()
        return following.pop(0) if following else []

    outcomes = _sending(calls[:10], send, follow=follow)
    assert {id(one.job) for one in outcomes} == {id(call[0]) for call in calls}
    assert len(outcomes) == 30
    assert all(in_time), "asked while calls were under way"


def test_what_came_back_is_handed_over_before_more_is_waited_for() -> None:
    """A slow source does not keep what a fast target answered from being recorded."""
    calls = [[_job()] for _ in range(10)]
    handed: list[Outcome] = []
    asked: list[tuple[float, int]] = []

    def follow(seconds: float) -> list[Any] | None:
        asked.append((seconds, len(handed)))
        return [] if len(handed) == len(calls) else None

    def send(call: Any) -> list[Outcome]:
        return [Outcome(call[0], "deliver")]

    sending = Sending(calls, send, in_flight=2, stop=lambda: False, follow=follow)
    for batch in sending.batches():
        handed += batch
    assert asked[0] == (0, 0), "asked with four answers in hand or more"
    assert asked[1][1] >= 4
    assert len(handed) == len(calls)
