"""What is done beside a turn, in sessions of their own: pages are read, and outcomes recorded."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import pytest
from django.db import NotSupportedError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from syncjobs import crashpoints
from syncjobs.crashpoints import CrashPoint
from syncjobs.engine import drain, ledger
from syncjobs.engine.ahead import ahead
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.recording import recording
from syncjobs.engine.rows import fetch, prepare_here
from syncjobs.intake import polling
from syncjobs.models import Delivery, Stream
from tenants.context import current_schema
from tenants.postgres import roles
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.dangling import dangling
from tests.syncjobs.factories import Lab, make_lab

COUNT = 8


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def committed(db: None) -> Iterator[Lab]:
    """A client's flow on really committed rows: another session sees them."""
    with committed_partner("ahead-lab") as (_, client):
        yield make_lab(client)


@pytest.fixture
def threads(committed: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a single record be a full call; return the thread of each page that was committed."""
    found: list[str] = []
    commit: Callable[..., object] = vars(polling)["commit_page"]

    def noted(*given: object) -> object:
        found.append(threading.current_thread().name)
        return commit(*given)

    monkeypatch.setattr(polling, "commit_page", noted)
    monkeypatch.setattr(drain, "BATCH", 1)
    return found


def _put(lab: Lab, first: int) -> set[str]:
    for number in range(first, first + COUNT):
        lab.put_customer(str(number))
    return {f"C-{number}" for number in range(first, first + COUNT)}


def _see_through(lab: Lab) -> None:
    """Drain to the end: on a busy machine one turn may not be enough."""
    while lab.drain().more:
        pass


def _created(lab: Lab) -> Counter[str]:
    return Counter(one.reference for one in lab.target.effects if one.what == "created")


def test_the_next_page_is_read_while_this_one_is_sent(committed: Lab, threads: list[str]) -> None:
    wanted = set(_created(committed)) | _put(committed, 100)
    _see_through(committed)
    assert _created(committed) == dict.fromkeys(wanted, 1)
    assert len(threads) >= COUNT
    assert any(name.startswith("ahead") for name in threads)
    assert threads[0] == threading.main_thread().name
    assert dangling() == {}


def test_a_reader_that_dies_loses_and_doubles_nothing(committed: Lab, threads: list[str]) -> None:
    wanted = set(_created(committed)) | _put(committed, 200)
    crashpoints.arm("intake.before_commit:raise:4")
    try:
        with pytest.raises(CrashPoint):
            committed.drain()
    finally:
        crashpoints.arm("")
    assert any(name.startswith("ahead") for name in threads)
    past = timezone.now()
    Stream.objects.update(lease_until=past)
    Delivery.objects.filter(state="running").update(lease_until=past)
    _see_through(committed)
    while committed.deliver_late().more:
        pass
    assert _created(committed) == dict.fromkeys(wanted, 1)
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()
    assert dangling() == {}


def test_what_came_back_is_recorded_while_more_is_sent(
    committed: Lab, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[str] = []
    record: Callable[..., int] = ledger.record

    def noted(outcomes: Sequence[Outcome], *, worker: str) -> int:
        if outcomes:
            recorded.append(threading.current_thread().name)
        return record(outcomes, worker=worker)

    monkeypatch.setattr(ledger, "record", noted)
    wanted = set(_created(committed)) | _put(committed, 300)
    _see_through(committed)
    assert any(name.startswith("record") for name in recorded)
    assert _created(committed) == dict.fromkeys(wanted, 1)
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()
    assert dangling() == {}


@pytest.mark.parametrize("point", ["ledger.before_commit", "ledger.after_commit"])
def test_a_recorder_that_dies_is_told_of_and_doubles_nothing(
    committed: Lab, threads: list[str], point: str
) -> None:
    first = 400 if point.endswith("before_commit") else 500
    wanted = set(_created(committed)) | _put(committed, first)
    crashpoints.arm(f"{point}:raise:3")
    try:
        with pytest.raises(CrashPoint):
            _see_through(committed)
    finally:
        crashpoints.arm("")
    Stream.objects.update(lease_until=timezone.now())
    Delivery.objects.filter(state="running").update(lease_until=timezone.now())
    _see_through(committed)
    while committed.deliver_late().more:
        pass
    assert _created(committed) == dict.fromkeys(wanted, 1)
    assert not Delivery.objects.exclude(state__in=("delivered", "unchanged")).exists()


def test_batches_are_recorded_in_order_and_what_breaks_is_raised(committed: Lab) -> None:
    given: list[Outcome] = []
    one = Outcome(cast(Job, None), "deliver")

    def record(batch: list[Outcome]) -> None:
        given.extend(batch)
        if len(given) == 3:
            raise ValueError("broke")

    def record_all() -> None:
        with recording(record, beside=True) as give:
            for _ in range(3):
                give([one])
                give([])

    with pytest.raises(ValueError, match="broke"):
        record_all()
    assert len(given) == 3


def test_steps_are_taken_one_at_a_time_and_told_of(committed: Lab) -> None:
    seen: list[tuple[str, bool, str]] = []

    def step() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            schema = cursor.fetchone()[0]
        here = threading.current_thread() is threading.main_thread()
        seen.append((schema, here, current_schema()))
        if len(seen) == 3:
            raise ValueError("broke")
        return True

    def take_all() -> None:
        with ahead(step, lambda: True) as wait:
            while wait(5):
                pass

    with pytest.raises(ValueError, match="broke"):
        take_all()
    with ahead(step, lambda: False) as wait:
        assert not wait(60), "nothing comes while there is no room, so nobody waits for it"
    own = current_schema()
    assert seen == [(own, False, own)] * 3

    seen.clear()
    with transaction.atomic(), ahead(step, lambda: True) as wait:
        assert wait(0)
    assert seen == [(own, True, own)], "nobody else sees what a transaction has not committed"


def test_a_table_of_another_shape_fails_a_prepared_statement_once(committed: Lab) -> None:
    """As while a migration goes through the partners' schemas."""
    table = f'"{current_schema()}".shaped'

    def shape(change: str) -> None:
        with roles.owner_connection() as owner:
            owner.execute(change.format(table=table).encode())

    prepare_here()
    read = "SELECT number FROM shaped"
    shape("CREATE TABLE {table} AS SELECT 7 AS number")
    shape("GRANT SELECT ON {table} TO PUBLIC")
    assert fetch(read, {}) == [(7,)]
    shape("ALTER TABLE {table} ALTER number TYPE bigint")
    with pytest.raises(NotSupportedError, match="cached plan"):
        fetch(read, {})
    assert fetch(read, {}) == [(7,)]
    shape("ALTER TABLE {table} ALTER number TYPE text")
    with pytest.raises(NotSupportedError, match="cached plan"), transaction.atomic():
        fetch(read, {})
    assert fetch(read, {}) == [("7",)]
    shape("DROP TABLE {table}")
