"""Files from a folder go the way of uploaded ones: once each, whatever dies in between."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from syncjobs import crashpoints
from syncjobs.connectors import sftp
from syncjobs.crashpoints import CrashPoint
from syncjobs.engine.drain import drain
from syncjobs.engine.systems import Systems
from syncjobs.intake.polling import Polled, poll_stream
from syncjobs.models import CanonicalRecord, Connection, InboundEvent, Issue, Run, Stream
from syncjobs.services.connections import (
    change_credentials,
    compare_now,
    create_connection,
)
from syncjobs.services.connections import (
    test_connection as try_connection,
)
from tenants.accounts.models import Client
from tests.connectors.sftp_server import PASSWORD, USER, Disk, serving
from tests.syncjobs.factories import BUILDER

TIME = (
    b"number,project,date,hours,rate,billable,status\n"
    b"T-1,P-1,2026-10-07,8.00,95.00,true,approved\n"
    b"T-2,P-1,2026-10-08,seven,95.00,true,approved\n"
)


@pytest.fixture
def disk() -> Disk:
    return Disk(files={"/out/time.csv": (TIME, 1_000)})


@pytest.fixture
def connection(
    alder: Client, disk: Disk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(sftp, "STILL_SECONDS", 0)
    with serving(disk) as port:
        made = create_connection(
            BUILDER,
            client=alder,
            connector="sftp",
            name="Night's exports",
            config={
                "stands_for": "psa",
                "object": "time_entry",
                "host": "127.0.0.1",
                "port": str(port),
                "user": USER,
                "host_key": disk.key.fingerprint,
                "folder": "/out",
                "pattern": "*.csv",
                "after": "leave",
                "every_minutes": "15",
            },
            secret={"password": PASSWORD},
        )
        yield made


def _look(connection: Connection) -> Polled:
    stream = Stream.objects.get(connection=connection)
    Stream.objects.filter(pk=stream.pk).update(lease_until=None)
    with Systems() as systems:
        polled = poll_stream(stream.pk, systems, stop=lambda: False)
    assert polled is not None
    return polled


def _rows() -> int:
    return InboundEvent.objects.filter(dedupe_key__startswith="file:").count()


def _last_run() -> Run:
    return Run.objects.filter(trigger="schedule").latest("pk")


def test_a_night_export_is_taken_in_once(connection: Connection, disk: Disk, at_work: None) -> None:
    assert all(one.ok for one in try_connection(BUILDER, connection))
    assert Stream.objects.get(connection=connection).every_seconds == 900
    _look(connection)
    run = _last_run()
    assert (run.state, run.read, run.changed, run.message) == (
        "succeeded",
        1,
        1,
        "1 new file read.",
    )
    drain()
    known = CanonicalRecord.objects.filter(type="time_entry", version__gt=0)
    assert [one.key for one in known] == ["T-1"]
    rows = Run.objects.get(trigger="file")
    assert (rows.state, rows.read, rows.refused) == ("partial", 2, 1)
    assert Issue.objects.get(kind="intake_problem").state == "open"
    _look(connection)
    # Touched, but the same content: nothing is new.
    disk.files["/out/time.csv"] = (TIME, 2_000)
    _look(connection)
    assert _rows() == 2
    disk.files["/out/time.csv"] = (TIME.replace(b"seven", b"7.00"), 3_000)
    _look(connection)
    drain()
    assert known.all().count() == 2
    assert Issue.objects.get(kind="intake_problem").state == "resolved"


@pytest.mark.parametrize("point", ["intake.before_commit", "intake.after_commit"])
@pytest.mark.django_db(transaction=False)
def test_a_reader_that_dies_loses_nothing_and_doubles_nothing(
    connection: Connection, at_work: None, point: str
) -> None:
    try_connection(BUILDER, connection)
    # The second page carries the file; the first only keeps the stream.
    crashpoints.arm(f"{point}:raise:{1 if point.endswith('before_commit') else 2}")
    try:
        with pytest.raises(CrashPoint):
            _look(connection)
    finally:
        crashpoints.arm("")
    stored = _rows()
    _look(connection)
    assert _rows() == 2
    assert stored in (0, 2)
    _look(connection)
    assert _rows() == 2


def test_one_of_no_use_is_an_exception_that_closes_when_it_is_gone(
    connection: Connection, disk: Disk, at_work: None
) -> None:
    disk.files["/out/bad.csv"] = (b"a,a\n1,2\n", 900)
    try_connection(BUILDER, connection)
    _look(connection)
    assert _rows() == 2
    assert _last_run().state == "partial"
    issue = Issue.objects.get(kind="file_unusable")
    assert "bad.csv" in issue.title
    _look(connection)
    assert Issue.objects.get(kind="file_unusable").count == 1
    del disk.files["/out/bad.csv"]
    _look(connection)
    assert Issue.objects.get(kind="file_unusable").state == "resolved"


def test_a_folder_that_is_gone_and_refused_credentials_are_never_green(
    connection: Connection, disk: Disk, at_work: None
) -> None:
    try_connection(BUILDER, connection)
    disk.folders.clear()
    _look(connection)
    assert _last_run().state == "failed"
    assert Issue.objects.get(kind="reading_failed").state == "open"
    change_credentials(BUILDER, connection, config=connection.config, secret={"password": "wrong"})
    _look(connection)
    assert _last_run().state == "failed"
    connection.refresh_from_db()
    assert connection.state == "refused"


def test_a_folder_is_never_compared(connection: Connection, at_work: None) -> None:
    try_connection(BUILDER, connection)
    with pytest.raises(ValidationError, match="not compared"):
        compare_now(BUILDER, Stream.objects.get(connection=connection), reason="To see")


def test_the_stored_secret_is_not_sent_to_another_host(connection: Connection) -> None:
    with pytest.raises(ValidationError, match="host changed"):
        change_credentials(
            BUILDER, connection, config={**connection.config, "host": "other.test"}, secret={}
        )


@pytest.mark.parametrize(
    "hours",
    [rb'"\u0000"', rb'"\ud800"', b"1" * 400, b"1e999999", b'"' + b"9" * 5_000 + b'"'],
    ids=["nul", "surrogate", "long", "huge", "digits"],
)
def test_a_strange_row_does_not_stop_the_folder(
    connection: Connection, disk: Disk, at_work: None, hours: bytes
) -> None:
    row = b'{"number": "T-9", "project": "P-1", "date": "2026-10-07", "hours": %s}\n'
    disk.files = {"/out/a.jsonl": (row % hours, 900), "/out/time.csv": (TIME, 1_000)}
    Connection.objects.filter(pk=connection.pk).update(config={**connection.config, "pattern": "*"})
    connection.refresh_from_db()
    try_connection(BUILDER, connection)
    _look(connection)
    drain()
    assert CanonicalRecord.objects.filter(type="time_entry", key="T-1").exists()
