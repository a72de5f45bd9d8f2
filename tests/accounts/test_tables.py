"""Clients, people and value maps as files: previewed, all or nothing, safe both ways."""

import csv
import io
import zipfile
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.response import HttpResponseBase
from django.test import Client as Browser
from pytest_django import DjangoCaptureOnCommitCallbacks

from governance.models import AuditEntry, ChangeRequest
from governance.services.policies import ensure_default_policies
from mappings.models import ValueMap
from mappings.services.value_maps import ensure_value_map
from tenants.accounts.models import Client, User
from tenants.tables import xlsx
from tenants.tables.reading import BadTable, Column, read_table
from tests.actors import ALICE, BOB, ERIN
from tests.at_home import page_url
from tests.posted import posted

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
CLIENTS = "Name,Status,Time zone,Currency,Locale\n"
PEOPLE = "E-mail,Name,Client,Roles\n"


def offer(
    browser: Browser, content: bytes | str, name: str = "client_import", *args: object
) -> str:
    """Choose a file and return the page that answers."""
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("table.csv", data)
    return browser.post(page_url(name, *args), {"file": file}).content.decode()


def confirm(
    browser: Browser, shown: str, name: str = "client_import", *args: object
) -> HttpResponseBase:
    """Press the preview's button."""
    sealed = shown.split('name="plan" value="')[1].split('"')[0]
    return browser.post(page_url(name, *args), {"plan": sealed})


def rows_of(answer: HttpResponseBase) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_a_preview_changes_nothing_and_says_what_each_row_would_do(
    browse: Browse, alder: Client
) -> None:
    before = AuditEntry.objects.count()
    shown = offer(
        browse(BOB),
        CLIENTS + "Cedar,active,UTC,EUR,fr\nAlder Consulting,paused,,USD,\nBirch Systems,,,,\n",
    )
    assert "Status: active → paused; Currency: EUR → USD" in shown
    assert [shown.count(word) for word in (">New<", ">Changed<", ">The same<")] == [2, 2, 2]
    assert 'name="plan"' in shown
    assert Client.objects.count() == 2
    assert AuditEntry.objects.count() == before


def test_what_was_previewed_is_taken_in_through_the_services(browse: Browse, alder: Client) -> None:
    browser = browse(BOB)
    shown = offer(browser, CLIENTS + "Cedar,paused,Europe/Paris,eur,fr\nAlder Consulting,,,USD,\n")
    assert confirm(browser, shown).status_code == 302
    cedar = Client.objects.get(name="Cedar")
    alder.refresh_from_db()
    assert (cedar.status, cedar.currency, cedar.time_zone) == ("paused", "EUR", "Europe/Paris")
    assert alder.currency == "USD"
    assert AuditEntry.objects.filter(action="client.added", object_id=str(cedar.pk)).exists()
    entry = AuditEntry.objects.get(action="table.imported")
    assert entry.after is not None
    assert (entry.after["new"], entry.after["changed"]) == (1, 1)


def test_one_refused_row_keeps_all_out(browse: Browse) -> None:
    shown = offer(
        browse(BOB), CLIENTS + "Cedar,active,UTC,EUR,fr\nDogwood,active,Mars/Olympus,EUR,fr\n"
    )
    assert "is no time zone" in shown
    assert 'name="plan"' not in shown


def test_rows_about_the_same_client_are_refused(browse: Browse) -> None:
    shown = offer(browse(BOB), "Name,Currency\nCedar,EUR\ncedar,USD\n")
    assert "Row 2 is about the same one." in shown


def test_a_preview_that_is_no_longer_true_is_shown_again(browse: Browse, alder: Client) -> None:
    browser = browse(BOB)
    shown = offer(browser, "Name,Currency\nAlder Consulting,USD\nCedar,EUR\n")
    Client.objects.filter(pk=alder.pk).update(currency="GBP")
    again = confirm(browser, shown)
    assert again.status_code == 200
    text = again.content.decode()  # type: ignore[attr-defined]  # a whole answer
    assert "Something changed in the meantime" in text
    assert "GBP → USD" in text
    assert not Client.objects.filter(name="Cedar").exists()
    assert confirm(browser, text).status_code == 302


def test_a_preview_is_for_the_one_who_asked_and_for_one_table(browse: Browse) -> None:
    shown = offer(browse(BOB), "Name,Currency\nCedar,EUR\n")
    assert confirm(browse(ALICE), shown).status_code == 422
    assert confirm(browse(ALICE), shown, "person_import").status_code == 422
    assert not Client.objects.filter(name="Cedar").exists()


def test_finance_exports_clients_and_imports_none(browse: Browse) -> None:
    browser = browse(ERIN)
    assert browser.get(page_url("client_import")).status_code == 403
    assert browser.get(page_url("client_export")).status_code == 200
    assert AuditEntry.objects.filter(action="table.exported").count() == 1


def test_people_are_added_invited_and_given_roles(
    browse: Browse, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    browser = browse(ALICE)
    with django_capture_on_commit_callbacks(execute=True):
        shown = offer(
            browser,
            PEOPLE
            + "ann@cedar.example,Ann Lee,Alder Consulting,Viewer; Approver\n"
            + "dave@partner.example,Dave Novak,,support_agent; finance\n",
            "person_import",
        )
    assert "Roles: support_agent → finance; support_agent" in shown
    assert posted() == []
    with django_capture_on_commit_callbacks(execute=True):
        assert confirm(browser, shown, "person_import").status_code == 302
    ann = User.objects.get(email="ann@cedar.example")
    assert ann.roles == ["client_approver", "client_viewer"]
    assert User.objects.get(email="dave@partner.example").roles == ["finance", "support_agent"]
    assert [message.to for message in posted()] == [["ann@cedar.example"]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("alice@partner.example,Alice Moreau,,auditor", "Somebody else has to change your own"),
        ("x@y.example,X,,client_admin", "is no role here"),
        ("x@y.example,X,Nobody Ltd,client_admin", "No client is called"),
        ("grace@alder.example,Grace Lindqvist,Birch Systems,client_admin", "cannot move"),
        ("not an address,X,,owner", "valid e"),
        ("x@y.example,X,,", "one role at least"),
    ],
)
def test_people_are_refused_for_the_reasons_that_the_services_give(
    browse: Browse, row: str, said: str
) -> None:
    shown = offer(browse(ALICE), PEOPLE + row + "\n", "person_import")
    assert said in shown
    assert 'name="plan"' not in shown


@pytest.fixture
def terms(alder: Client) -> ValueMap:
    """A value map with two words."""
    ensure_default_policies()
    from governance.actors import command_actor

    return ensure_value_map(
        command_actor("tests"), name="terms", label="Terms", table={"Net 30": "N30", "Cash": "C"}
    )


def test_rows_of_a_value_map_are_proposed_not_changed(browse: Browse, terms: ValueMap) -> None:
    browser = browse(BOB)
    shown = offer(
        browser, "Word;Becomes\nNet 30;NET30\nNet 60;NET60\nCash;C\n", "value_map_import", terms.pk
    )
    assert "N30 → NET30" in shown
    assert not ChangeRequest.objects.exists()
    answer = confirm(browser, shown, "value_map_import", terms.pk)
    request = ChangeRequest.objects.get()
    assert answer["Location"] == page_url("change_detail", request.pk)
    terms.refresh_from_db()
    assert terms.live is not None
    assert terms.live.table == {"Cash": "C", "Net 30": "N30"}
    table = request.changes.get().content["table"]
    assert table == {"Cash": "C", "Net 30": "NET30", "Net 60": "NET60"}


def test_a_word_that_stands_twice_or_becomes_nothing_is_refused(
    browse: Browse, terms: ValueMap
) -> None:
    shown = offer(browse(BOB), "Word,Becomes\na,1\na,2\nb,\n", "value_map_import", terms.pk)
    assert "The word stands in row 2, too." in shown
    assert "Say what the word becomes." in shown


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_comes_back_as_the_same(browse: Browse, alder: Client, kind: str) -> None:
    Client.objects.filter(pk=alder.pk).update(name="=cmd|' /C calc'!A0")
    browser = browse(BOB)
    content = browser.get(page_url("client_export"), {"format": kind}).getvalue()
    shown = offer(browser, content)
    assert "Nothing would change" in shown
    assert shown.count(">The same<") == 3


def test_no_exported_cell_is_a_formula(browse: Browse, alder: Client, birch: Client) -> None:
    Client.objects.filter(pk=alder.pk).update(name="=1+1")
    Client.objects.filter(pk=birch.pk).update(name="@SUM(A1)")
    rows = rows_of(browse(BOB).get(page_url("client_export")))
    assert [row[1] for row in rows[1:]] == ["'=1+1", "'@SUM(A1)"]
    book = browse(BOB).get(page_url("client_export"), {"format": "xlsx"}).getvalue()
    sheet = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    text = b'<c t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'
    assert text % b"=1+1" in sheet, "a cell of text needs no apostrophe, which would be shown"
    assert text % b"@SUM(A1)" in sheet


def test_what_spreadsheets_call_unicode_text_is_read(browse: Browse) -> None:
    shown = offer(browse(BOB), "Name\tCurrency\r\nÅlesund AS\tEUR\r\n".encode("utf-16"))
    assert "Ålesund AS" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Näme\nx\n".encode("cp1252"), "not in UTF-8"),
        (b"Name\nA\x00B\n", "characters that no text has"),
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"Name,Name\na,b\n", "stands there twice"),
        (b"Currency\nEUR\n", "column &#x27;Name&#x27; is missing"),
        (b"Name,Colour\na,red\n", "No column is called &#x27;Colour&#x27;"),
        (b"Name\n\n", "no rows below them"),
        (b"Name\na,b\n", "more cells than there are headings"),
        (b'Name\n"open\n', "cannot be read"),
        (b"Name\n" + b"a\n" * 100_001, "more than 1,000 rows"),
        (b"Name\n" + b"x" * 1_001 + b"\n", "more than 1,000 characters"),
        (b"Name\n" + b"x" * (2 * 1024 * 1024), "larger than 2 MB"),
        (b"PK\x03\x04nonsense", "no workbook that can be read"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_a_file_that_cannot_be_used_is_refused_in_plain_words(
    browse: Browse, content: bytes, said: str
) -> None:
    if content:
        assert said in offer(browse(BOB), content)
    else:
        with pytest.raises(BadTable, match=said):
            read_table(content, [Column("Name", required=True)], 10)
    assert Client.objects.count() == 2


@pytest.mark.parametrize(
    "content", ["\ufeffName;Currency\nCedar;EUR\n", "Name\tCurrency\r\nCedar\tEUR\r\n"]
)
def test_marks_semicolons_and_tabs_are_understood(browse: Browse, content: str) -> None:
    assert ">New<" in offer(browse(BOB), content)


def workbook(sheet: str, **parts: str) -> bytes:
    """A workbook with this XML as its sheet."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx.write_rows([]))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                text = text.replace("<sheetData></sheetData>", f"<sheetData>{sheet}</sheetData>")
            new.writestr(
                name, parts.get("head", "") + text if name.endswith("sheet1.xml") else text
            )
    return made.getvalue()


def cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


NAME = f"<row>{cell('Name')}</row>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (workbook(f"{NAME}<row><c r='A2'><f>1+1</f><v>2</v></c></row>"), "A2 holds a formula"),
        (workbook(f"{NAME}<row><c r='A2' t='e'><v>#REF!</v></c></row>"), "holds an error"),
        (workbook("<row><c r='ZZ1'><v>1</v></c></row>"), "more than 30 columns"),
        (workbook(f"<row>{cell('x' * 17_000_000)}</row>"), "too large when unpacked"),
        (workbook("<row><c t='s'><v>7</v></c></row>"), "damaged"),
        (workbook("<row>"), "damaged"),
    ],
    ids=["formula", "error", "columns", "bomb", "string", "torn"],
)  # fmt: skip
def test_a_workbook_that_cannot_be_used_is_refused(
    browse: Browse, content: bytes, said: str
) -> None:
    assert len(content) < 100_000, "the bomb is small until it is unpacked"
    assert said in offer(browse(BOB), content)


def test_a_workbook_with_entities_is_refused_before_they_are_expanded() -> None:
    bomb = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", bomb)
    with pytest.raises(xlsx.BadWorkbook, match="document type"):
        xlsx.read_rows(made.getvalue(), 10, 10)


def _packed(packing: int, encoding: str = "UTF-8") -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx.write_rows([["Name"]]))) as old,
        zipfile.ZipFile(made, "w", packing) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name).decode().replace("UTF-8", encoding))
    return made.getvalue()


def _torn(content: bytes) -> bytes:
    """Spoil the packed bytes of every part, and leave what the zip says of them."""
    spoilt = bytearray(content)
    for part in zipfile.ZipFile(io.BytesIO(content)).infolist():
        start = part.header_offset + 30 + len(part.filename)
        spoilt[start : start + part.compress_size] = b"\xff" * part.compress_size
    return bytes(spoilt)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_torn(_packed(zipfile.ZIP_DEFLATED)), "no workbook that can be read"),
        (_torn(_packed(zipfile.ZIP_LZMA)), "no workbook that can be read"),
        (_torn(_packed(zipfile.ZIP_BZIP2)), "no workbook that can be read"),
        (_packed(zipfile.ZIP_DEFLATED, "shift_jis"), "encoding that cannot be read"),
        (_packed(zipfile.ZIP_DEFLATED, "nonsense"), "encoding that cannot be read"),
        (workbook(f"<row><c t='s'><v>{'7' * 5000}</v></c></row>"), "damaged"),
    ],
    ids=["deflate", "lzma", "bzip2", "shift_jis", "nonsense", "digits"],
)
def test_a_workbook_that_cannot_be_unpacked_or_decoded_is_refused(
    content: bytes, said: str
) -> None:
    with pytest.raises(xlsx.BadWorkbook, match=said):
        xlsx.read_rows(content, 10, 10)
