"""What the page of a file says before it is taken in: of its columns, its rows, and its like."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from syncjobs.connectors.files import HELD
from syncjobs.models import Connection
from syncjobs.services.connections import create_connection
from syncjobs.services.files import take_file
from tenants.accounts.models import Client
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import BUILDER

TIME = (
    b"number,project,date,hours,rate,billable,status\n"
    b"T-1,P-1,2026-10-07,8.00,95.00,true,approved\n"
    b"T-2,P-1,2026-10-08,7.00,95.00,true,approved\n"
)


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


@pytest.fixture
def see(connection: Connection, browse: Callable[[Person], Browser]) -> Callable[..., str]:
    """Show what a file holds on its page, as a person reads it."""
    place, staff = f"/work/connections/{connection.pk}/file/", browse(actors.BOB)

    def seen(content: bytes, object_: str = "customer", name: str = "f.csv") -> str:
        form = {"object": object_, "file": SimpleUploadedFile(name, content)}
        return html.unescape(staff.post(place, form).content.decode())

    return seen


def test_columns_that_no_rule_reads_are_told(see: Callable[..., str]) -> None:
    shown = see(b"number,name,curency,emial\nC-1,Aran,EUR,a@aran.example\n")
    assert "These columns are not known and are left out: curency, emial." in shown
    assert "1 row of customer" in shown
    assert "not known" not in see(b"number,name,currency\nC-1,Aran,EUR\n")
    days = b'{"number":"TS-1","days":[{"date":"2026-11-02","project":"P-1","hours":"8"}]}'
    assert "not known" not in see(days, "timesheet", "t.jsonl")


def test_headings_that_do_not_fit_are_told_once(see: Callable[..., str]) -> None:
    shown = see(b"foo,bar\n1,2\n3,4\n")
    assert "The headings do not fit" in shown
    assert "Customer needs number. The file has foo, bar." in shown
    for part in ("empty or missing", "Nothing has been taken in yet", "Take it in"):
        assert part not in shown


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.csv", b"number,name\n", "The file has headings and no rows below them."),
        ("x.exe", b"MZ", "Choose a file that ends in .csv, .tsv"),
        ("x.html", b"<p>\n", "Choose a file that ends in .csv, .tsv"),
    ],
)
def test_a_file_with_nothing_to_take_in_is_refused_on_its_page(
    see: Callable[..., str], name: str, content: bytes, said: str
) -> None:
    shown = see(content, name=name)
    assert said in shown
    assert "Nothing has been taken in yet" not in shown


HEAD, ONE, *_ = TIME.splitlines(keepends=True)
SORTS = ("left out.", "set aside as", "the later one counts")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ONE + ONE, ["1 row has the number of an earlier one, and the later one counts."]),
        (ONE[3:] + ONE, ["1 row cannot be read or named and is left out."]),
        (
            ONE[3:] + ONE.replace(b"P-1", b"=x") + b"T-2,P-1,soon\nT-3,P-1,soon\n",
            [
                "2 rows cannot be read or named and are left out.",
                "2 rows are set aside as they are, told of in exceptions, and tried again",
                "The column 'project' holds a formula.",
            ],
        ),
    ],
)
def test_what_becomes_of_rows_with_a_problem_is_told_as_it_is(
    see: Callable[..., str], rows: bytes, told: list[str]
) -> None:
    shown = see(HEAD + rows, "time_entry")
    for text in told:
        assert text in shown
    assert [one in shown for one in SORTS] == [one in " ".join(told) for one in SORTS]


def test_who_brings_a_file_is_not_told_how_to_write_a_mapping(see: Callable[..., str]) -> None:
    shown = see(TIME.replace(b"2026-10-08", b"soon"), "time_entry")
    assert "The value is not a day such as 2026-10-31." in shown
    assert "add the step" not in shown


def test_the_columns_of_the_chosen_kind_alone_are_open(see: Callable[..., str]) -> None:
    shown = see(b"number,name\nC-1,Aran\n", "customer")
    (only,) = re.findall(r"<details[^>]* open><summary>([^<]+)</summary>", shown)
    assert only == "Customer"
    assert shown.count("<summary>") >= len(HELD)


def test_a_file_that_was_the_last_to_be_taken_in_is_told_before_it_is_taken(
    connection: Connection, northwind: Partner, see: Callable[..., str]
) -> None:
    asked: dict[str, Any] = {"object_": "time_entry", "name": "t.csv"}
    assert "nothing is new" not in see(TIME, "time_entry")
    with tenant_context(northwind):
        take_file(BUILDER, connection, content=TIME, **asked)
    shown = see(TIME, "time_entry")
    assert "This very file was the last to be taken in; nothing is new." in shown
    assert "Take it in" not in shown
    with tenant_context(northwind):
        take_file(BUILDER, connection, content=TIME.replace(b"8.00", b"9.00"), **asked)
    assert "Take it in" in see(TIME, "time_entry"), "it says once more what holds"
