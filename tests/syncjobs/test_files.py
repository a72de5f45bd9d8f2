"""Files: read with limits, refused by row, taken in through the usual page commit."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from governance.permits import permit
from mappings.services.versions import publish, save_draft
from syncjobs.connectors.base import LONGEST_ID
from syncjobs.engine.agenda import due_work
from syncjobs.engine.drain import drain
from syncjobs.intake.arrivals import work_arrivals
from syncjobs.models import CanonicalRecord, Connection, Delivery, InboundEvent, Issue, Run
from syncjobs.services.blueprints import ensure_shipped
from syncjobs.services.connections import create_connection
from syncjobs.services.files import check_file, row_id, take_file
from syncjobs.services.workflows import install_workflow
from syncjobs.sheets import MAX_BYTES, MAX_ROWS, BadSheet, read_sheet
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tenants.tables.xlsx import write_rows
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER, make_connection

TIME = (
    b"number,project,date,hours,rate,billable,status\n"
    b"T-1,P-1,2026-10-07,8.00,95.00,true,approved\n"
    b"T-2,P-1,2026-10-08,seven,95.00,true,approved\n"
    b",P-1,2026-10-09,1.00,95.00,true,approved\n"
    b"\n"
    b"T-4,P-1,2026-10-09,2.50,95.00,false,submitted\n"
)


@pytest.mark.parametrize(
    "content",
    [
        b"number,name\nC-1,Aran\n",
        b"\xef\xbb\xbfnumber;name\r\nC-1;Aran\r\n",
        "number\tname\nC-1\tAran\n".encode("utf-16"),
        write_rows([["number", "name"], ["C-1", "Aran"]]),
        b'{"number": "C-1", "name": "Aran"}\n\n',
    ],
    ids=["comma", "semicolon", "utf-16", "xlsx", "json lines"],
)
def test_each_kind_of_file_gives_the_same_row(content: bytes) -> None:
    sheet = read_sheet("customers", content)
    assert (sheet.columns, sheet.problems) == (["number", "name"], [])
    assert [dict(row.data) for row in sheet.rows] == [{"number": "C-1", "name": "Aran"}]


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (40 * 1024 * 1024))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"n" * (MAX_BYTES + 1), "larger than 10 MB"),
        (b"a\n" + b"1\n" * (MAX_ROWS + 1), "more than 20,000 rows"),
        (b"a,a\n1,2\n", "stands there twice"),
        (b"a,,b\n1,2,3\n", "no heading"),
        (",".join(map(str, range(90))).encode(), "more than 80 columns"),
        (b"name\nM\xfcller\n", "not in UTF-8"),
        (b"name\nx\x00y\n", "characters that no text has"),
        (b'name\n"never ends\n', "cannot be read"),
        (_bomb(), "too large when unpacked"),
        (b"PK\x03\x04 not a zip", "no workbook"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(BadSheet, match=words):
        read_sheet("file", content)


def test_rows_that_cannot_be_read_are_named_and_the_others_stay() -> None:
    sheet = read_sheet("f.csv", b'a,b\n1,2\n=cmd(),3\n4,5,6\n-7,"8"\n')
    assert [row.number for row in sheet.rows] == [2, 5]
    assert [(one.row, one.text.split(".")[0]) for one in sheet.problems] == [
        (3, "The column 'a' holds a formula"),
        (4, "It has more cells than there are headings"),
    ]
    lines = read_sheet("f.jsonl", b'{"a": 1.50}\nnot json\n[1]\n' + b'{"a":' * 60 + b"\n")
    assert [row.data for row in lines.rows] == [{"a": lines.rows[0].data["a"]}]
    assert str(lines.rows[0].data["a"]) == "1.50"
    assert [one.row for one in lines.problems] == [2, 3, 4]
    (twice,) = read_sheet("f.jsonl", b'{"sum": 1, "sum": 2}').problems
    assert twice.text == "The name 'sum' stands twice in one object."


@pytest.fixture
def connection(alder: Client) -> Connection:
    return create_connection(
        BUILDER,
        client=alder,
        connector="files",
        name="Time sheets",
        config={"stands_for": "psa"},
        secret={},
    )


def test_a_file_is_taken_in_row_by_row_and_the_same_again_brings_nothing(
    connection: Connection, at_work: None
) -> None:
    checked = check_file(BUILDER, connection, object_="time_entry", name="t.csv", content=TIME)
    assert [key for _, key in checked.good] == ["T-1", "T-2", "T-4"]
    assert [one.row for one in checked.problems] == [3, 4]
    assert "hours" in checked.problems[0].text
    assert not InboundEvent.objects.exists()

    taken = take_file(BUILDER, connection, object_="time_entry", name="t.csv", content=TIME)
    assert (taken.rows, taken.repeated, taken.checked.left_out) == (3, False, 1)
    drain()
    known = CanonicalRecord.objects.filter(type="time_entry", version__gt=0)
    assert set(known.values_list("key", flat=True)) == {"T-1", "T-4"}
    assert known.get(key="T-1").data["billable"] is True
    run = Run.objects.get(trigger="file")
    assert (run.state, run.read, run.changed, run.refused) == ("partial", 3, 2, 1)
    assert Issue.objects.get(kind="intake_problem").state == "open"
    entry = AuditEntry.objects.filter(action="intake.file").latest("pk")
    assert entry.after is not None
    assert entry.after["rows"] == 3

    again = take_file(BUILDER, connection, object_="time_entry", name="t.csv", content=TIME)
    assert (again.rows, again.repeated) == (0, True)
    # The mended row in another file: it goes in, what was known stays, and the exception closes.
    mended = TIME.replace(b"seven", b"7.00")
    take_file(BUILDER, connection, object_="time_entry", name="t2.csv", content=mended)
    drain()
    versions = dict(known.values_list("key", "version"))
    assert versions == {"T-1": 1, "T-2": 1, "T-4": 1}
    assert Issue.objects.get(kind="intake_problem").state == "resolved"


def test_an_earlier_file_that_is_taken_in_again_says_what_holds_now(
    connection: Connection, at_work: None
) -> None:
    longer = TIME.replace(b"8.00", b"9.00")

    def taken(content: bytes, *, again: bool) -> tuple[int, bool, str]:
        asked: dict[str, Any] = {"object_": "time_entry", "name": "t.csv"}
        came = take_file(BUILDER, connection, content=content, again=again, **asked)
        drain()
        return came.rows, came.repeated, CanonicalRecord.objects.get(key="T-1").data["hours"]

    assert taken(TIME, again=True) == (3, False, "8.00")
    assert taken(TIME, again=True) == (0, True, "8.00")
    assert taken(longer, again=False) == (3, False, "9.00")
    assert taken(TIME, again=False) == (0, True, "9.00"), "a program's call that is repeated"
    assert taken(TIME, again=True) == (3, False, "8.00")
    assert taken(TIME, again=True) == (0, True, "8.00")
    assert taken(longer, again=True) == (3, False, "9.00")
    record = CanonicalRecord.objects.get(key="T-1")
    assert record.version == 4
    assert CanonicalRecord.objects.get(key="T-4").version == 1


def test_a_file_of_timesheets_brings_a_time_entry_for_each_day(
    connection: Connection, at_work: None
) -> None:
    sheet = (
        b'{"number":"TS-1","status":"approved","days":['
        b'{"date":"2026-11-02","project":"P-1","hours":"8"},'
        b'{"date":"2026-11-03","project":"P-1","hours":"%s"}]}'
    )
    asked: dict[str, Any] = {"object_": "timesheet", "name": "t.jsonl"}
    bad = check_file(BUILDER, connection, content=sheet % b"ten", **asked)
    assert "(Number 2 of 2 in the list.)" in bad.problems[0].text
    for hours in (b"7.5", b"6"):
        take_file(BUILDER, connection, content=sheet % hours, **asked)
        drain()
    known = CanonicalRecord.objects.filter(type="time_entry").order_by("key")
    assert [(one.key, one.version, one.data["hours"]) for one in known] == [
        ("TS-1/2026-11-02/P-1", 1, "8"),
        ("TS-1/2026-11-03/P-1", 2, "6"),
    ]


def test_files_play_the_part_of_the_system_that_they_stand_for(
    connection: Connection, alder: Client, at_work: None
) -> None:
    erp = make_connection(alder, "erp", "sandbox_erp")
    install_workflow(
        BUILDER,
        client=alder,
        blueprint="time_to_billing",
        bindings={"psa": connection, "erp": erp},
    )
    project = b"code,name,customer,contract,currency\nP-1,Move,C-1,CT-1,EUR\n"
    for object_, content in (("project", project), ("time_entry", TIME)):
        take_file(BUILDER, connection, object_=object_, name="f.csv", content=content)
    for stream in due_work().arrivals:
        work_arrivals(stream, stop=lambda: False)
    # Only what is approved and billable is billed.
    assert [one.record.key for one in Delivery.objects.filter(step="line")] == ["T-1"]


def test_what_takes_no_file_and_who_may_not_are_refused(
    connection: Connection, alder: Client, actor: Callable[[Person], Actor]
) -> None:
    other = Connection(client=alder, connector="sandbox_crm", name="CRM")
    asked = {"name": "t.csv", "content": TIME}
    with pytest.raises(ValidationError, match="takes no files"):
        check_file(BUILDER, other, object_="customer", **asked)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="Choose what the file holds"):
        check_file(BUILDER, connection, object_="elephant", **asked)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted):
        take_file(
            actor(actors.DAVE),
            connection,
            object_="time_entry",
            **asked,  # type: ignore[arg-type]
        )
    with pytest.raises(ValidationError, match="Stands for"):
        create_connection(
            BUILDER, client=alder, connector="files", name="Nothing", config={}, secret={}
        )


def _warn_of_long_days() -> None:
    mapping = ensure_shipped(BUILDER, "files", "time-entry-in")
    assert mapping is not None
    assert mapping.live is not None
    check = {"assert": "lt(field('hours'), 8)", "message": "Long for a day.", "severity": "warn"}
    document = {**mapping.live.document, "checks": [{"id": "long", **check}]}
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, document))


def test_the_page_shows_what_a_file_holds_before_anything_is_taken(
    connection: Connection, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    with tenant_context(northwind):
        _warn_of_long_days()
    place = f"/work/connections/{connection.pk}/file/"
    staff = browse(actors.BOB)
    form = {"object": "time_entry", "file": SimpleUploadedFile("t.csv", TIME)}
    shown = staff.post(place, form)
    page = shown.content.decode()
    assert "3 rows of time entry" in page
    assert "2 rows with a problem" in page
    assert "1 row that goes in all the same" in page
    assert "Long for a day." in page
    with tenant_context(northwind):
        assert not InboundEvent.objects.exists()
    found = re.search(r'name="sealed" value="([^"]+)"', page)
    assert found, "the page carries the file for the second step"
    staff.post(place, {"sealed": found[1]})
    with tenant_context(northwind):
        assert InboundEvent.objects.count() == 3
    staff.post(place, {"sealed": f"{found[1]}x"})
    with tenant_context(northwind):
        assert InboundEvent.objects.count() == 3


def test_what_is_brought_by_hand_has_no_credentials_and_nothing_that_rings(
    connection: Connection, northwind: Partner, browse: Callable[[Person], Browser]
) -> None:
    with tenant_context(northwind):
        place = f"/work/connections/{connection.pk}/"
        crm = Connection.objects.create(
            client=connection.client, name="CRM", connector="sandbox_crm", state="ready"
        )
    staff = browse(actors.BOB)
    words = ("Encrypted, never shown", "Make an address")
    by_hand = staff.get(place).content.decode()
    assert [one in by_hand for one in words] == [False, False]
    other = staff.get(f"/work/connections/{crm.pk}/").content.decode()
    assert [one in other for one in words] == [True, True]


def test_a_program_takes_a_file_in_by_the_api(
    connection: Connection, northwind: Partner, browse: Callable[..., Browser]
) -> None:
    place = f"/api/v1/connections/{connection.pk}/files/"
    caller = browse(None, host="admin.northwind.localhost")
    user = User.objects.get(email=actors.BOB.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["connections.manage"])[1]
    bearer = {"Authorization": f"Bearer {text}"}
    lines = "\n".join(json.dumps({"number": f"C-{n}", "name": f"N{n}"}) for n in range(3))
    for check, count in (("true", 0), ("", 3), ("", 3)):
        form = {"object": "customer", "file": SimpleUploadedFile("c.jsonl", lines.encode())}
        answer = caller.post(place, form | ({"check": check} if check else {}), headers=bearer)
        assert answer.status_code == 202, answer.content
        with tenant_context(northwind):
            assert InboundEvent.objects.count() == count
    assert answer.json()["repeated"] is True
    other = {"object": "customer", "file": SimpleUploadedFile("c.csv", b"number,name\nC-1,N9\n")}
    caller.post(place, other, headers=bearer)
    form = {"object": "customer", "file": SimpleUploadedFile("c.jsonl", lines.encode())}
    assert caller.post(place, {**form, "again": "true"}, headers=bearer).json()["rows"] == 3
    refused = caller.post(place, {"object": "customer"}, headers=bearer)
    assert refused.status_code in (400, 422)


def test_rows_of_other_numbers_are_never_one_record() -> None:
    assert row_id(["T-1"]) == "T-1"
    assert row_id(["50 %/a"]) == "50 %/a"
    assert row_id(["T-1", "2026-11-02"]) == "T-1/2026-11-02"
    assert row_id(["a/b", "c"]) != row_id(["a", "b/c"])
    long = "x" * 300
    assert len(row_id([long])) == LONGEST_ID
    assert row_id([long]) != row_id([long + "y"])
