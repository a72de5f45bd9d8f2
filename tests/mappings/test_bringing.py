"""A file that somebody brings: from its columns to a live mapping, wrong rows explained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import Actor, command_actor
from governance.models import ChangeRequest
from governance.services import changes, impacts
from mappings.canonical.registry import schema
from mappings.models import Mapping, ValueMap
from mappings.pages.fields import source_tree
from mappings.sample_files import sample_of_file
from mappings.sample_rows import BadSample, read_samples
from mappings.services.preview import Around
from mappings.services.trying import try_rows
from mappings.services.value_maps import ensure_value_map
from mappings.services.versions import propose_document
from mappings.suggestions import Suggestion, normal, suggest
from tenants.accounts.models import Client
from tests import actors
from tests.forms import fields_of_form
from tests.mappings.conftest import make
from tests.mappings.pages import post

pytestmark = pytest.mark.usefixtures("at_home")
HOURS = Path(__file__).parent / "files" / "hours.csv"


def page(name: str, *args: object) -> str:
    return reverse(name, args=args, urlconf="config.urls_admin")


def brought(browser: Browser, mapping: Mapping, content: bytes) -> Any:
    """Bring a file to the editor as it opens."""
    opened = browser.get(page("mapping_detail", mapping.pk)).content.decode()
    form = dict(fields_of_form(opened, "editor").lists())
    file = SimpleUploadedFile("hours.csv", content)
    return browser.post(page("mapping_preview", mapping.pk), {**form, "do": "file", "file": file})


@pytest.fixture
def hours(customers: Mapping, browse: Callable[..., Browser]) -> Mapping:
    """A mapping of hours without rules, as its page makes it."""
    answer = browse(actors.BOB).post(
        page("mapping_add"),
        {"name": "Old hours", "object": "Timesheets", "canonical": "time_entry", "client": ""},
    )
    made = Mapping.objects.get(slug="old-hours")
    assert answer["Location"] == page("mapping_detail", made.pk)
    return made


def test_a_file_becomes_a_live_mapping_with_its_words(
    hours: Mapping, browse: Callable[..., Browser], carol: Actor
) -> None:
    browser = browse(actors.BOB)
    shown = brought(browser, hours, HOURS.read_bytes()).content.decode()
    assert "0 of 10 rows come through" in shown
    form = fields_of_form(shown, "editor")
    names = zip(form.getlist("entry-word"), ("approved", "submitted", "invoiced"), strict=True)
    words = dict(names)
    assert set(words) == {"freigegeben", "offen", "abgerechnet"}
    form.setlist("entry-becomes", list(words.values()))
    path = page("mapping_preview", hours.pk)
    shown = post(browser, path, form.urlencode()).content.decode()
    assert "9 of 10 rows come through" in shown
    assert "is not a day in the form DD.MM.YYYY" in shown
    assert ">2026-10-09<" in shown
    number = next(n for n in form.getlist("row") if form[f"target-{n}"] == "date")
    form[f"set-{number}-0-or_format"] = "YYYY-MM-DD"
    assert "All 10 rows come through" in post(browser, path, form.urlencode()).content.decode()
    kept = post(browser, page("mapping_propose", hours.pk), form.urlencode() + "&do=draft")
    assert "say it again when you propose" in browser.get(kept["Location"]).content.decode()
    form["reason"] = "The old system's hours."
    post(browser, page("mapping_propose", hours.pk), form.urlencode())
    request = ChangeRequest.objects.get()
    assert sorted(request.changes.values_list("kind", flat=True)) == [
        "mapping_version",
        "value_map_version",
    ]
    impacts.work_all()
    request.refresh_from_db()
    changes.approve(carol, request.pk, content_hash=request.content_hash)
    hours.refresh_from_db()
    assert hours.live is not None
    table = ValueMap.objects.select_related("live").get(name="old-hours-status").live
    assert table is not None
    assert table.table == words
    again = brought(browser, hours, HOURS.read_bytes()).content.decode()
    assert "All 10 rows come through" in again


def test_what_is_wrong_with_a_file_is_said_and_the_form_stays(
    hours: Mapping, browse: Callable[..., Browser]
) -> None:
    browser = browse(actors.BOB)
    for content, said in [
        (b"a;a\n1;2", "stands there twice"),
        (b"a;b\n1;2;3", "more cells than there are headings"),
        (b"PK\x03\x04not a workbook", "hours.csv: "),
        (b"\x00\x01", "characters that no text has"),
        (b"a;b\n", "no rows below its headings"),
    ]:
        assert said in brought(browser, hours, content).content.decode(), content
    shown = browser.post(page("mapping_preview", hours.pk), {"do": "file"}).content.decode()
    assert "Choose a file first" in shown


def test_a_mapping_needs_a_name_of_its_own_and_an_object(
    hours: Mapping, browse: Callable[..., Browser]
) -> None:
    for more in ({"name": "Old hours"}, {"name": "!"}, {"canonical": "x"}, {"client": "99"}):
        sent = {"name": "N", "object": "O", "canonical": "time_entry", "client": "", **more}
        assert browse(actors.BOB).post(page("mapping_add"), sent).status_code == 422, more
    assert browse(actors.CAROL).get(page("mapping_add")).status_code == 403


def test_entries_go_live_alone_where_no_rule_changes_and_not_for_everybody(
    hours: Mapping, alder: Client, bob: Actor
) -> None:
    ensure_value_map(command_actor("tests"), name="states", label="States", table={"a": "b"})
    entries = {"states": {"offen": "open"}}
    document = {"rules": [{"id": "n", "target": "name", "source": "name",
                           "lookup": {"value_map": "states"}}]}  # fmt: skip
    shared = make(slug="shared", document=document)
    more: dict[str, Any] = {"title": "T", "reason": "R", "entries": entries}
    asked = propose_document(bob, shared, document, **more)
    assert [one.kind for one in asked.changes.all()] == ["value_map_version"]
    assert asked.changes.get().content["table"] == {"a": "b", "offen": "open"}
    own = make(alder, slug="own", document=document)
    with pytest.raises(ValidationError, match="its own page"):
        propose_document(bob, own, document, **more)


# --- reading and suggesting ------------------------------------------------------------------


def test_a_table_is_read_as_it_was_written() -> None:
    found = read_samples(HOURS.read_text())
    assert [row.number for row in found.rows][:2] == [2, 3]
    assert found.rows[7].data["Bemerkung"] == "Zwei\nZeilen; mit Semikolon"
    assert read_samples("a\tb\n1\t2\n").rows[0].data == {"a": "1", "b": "2"}
    assert not read_samples('{"a": 1}').is_table


def test_an_older_windows_file_and_a_long_one_are_read_and_it_is_said() -> None:
    text, notes = sample_of_file("Währung;b\n€;2\n".encode("cp1252"))
    assert text.startswith("Währung")
    assert "as Windows writes it" in notes[0]
    text, notes = sample_of_file(b"a;b\n" + b'"1\n2";2\n' * 2_000)
    assert len(read_samples(text).rows) == 500
    assert "the rest is left out" in notes[0]


@pytest.mark.parametrize(
    "text", ["a\n" + "x" * 300_000, "a;b\n\ud800;2", "__class__\n1", ";".join("abc" * 30) + "\n1"]
)
def test_a_table_that_can_not_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadSample) as caught:
        read_samples(text)
    assert 10 < len(str(caught.value)) < 200


def suggested(**values: list[str]) -> dict[str, Suggestion]:
    fields = schema("time_entry").fields
    return {one.target: one for one in suggest(fields, values, {})}


def test_a_rule_is_suggested_by_name_and_by_type() -> None:
    found = suggested(Datum=["31.12.2026"], Std=["7,50"], Notes=["x"], Colour=["red"])
    assert found["date"].steps == ({"do": "parse_date", "format": "DD.MM.YYYY"},)
    assert found["hours"].steps == ({"do": "parse_number", "decimal_sign": ","},)
    assert found["description"].source == "Notes"
    assert "Colour" not in {one.source for one in found.values()}
    assert "hours" not in suggested(Std=["many"])


def test_what_a_column_holds_may_say_what_it_is() -> None:
    found = suggested(Unit=["EUR", "GBP"], **{"Project": ["Rollout"], "Project code": ["P-1"]})
    assert found["currency"].source == "Unit"
    assert found["project"].source == "Project code"
    assert "currency" not in suggested(Unit=["EUR", "ABC"])


def test_what_reads_in_two_ways_is_not_guessed() -> None:
    assert suggested(Datum=["03/04/2026"])["date"].steps == ()
    assert suggested(Datum=["13/04/2026"])["date"].steps == (
        {"do": "parse_date", "format": "DD/MM/YYYY"},
    )


def test_what_other_mappings_did_stands_before_what_only_sounds_alike() -> None:
    fields = schema("time_entry").fields
    values = {"Std": ["7.5"], "Worked": ["7.5"]}
    usual = suggest(fields, values, {("hours", normal("Worked")): 3})
    assert next(one for one in usual if one.target == "hours").source == "Worked"


def test_a_rule_is_begun_from_either_side(hours: Mapping, browse: Callable[..., Browser]) -> None:
    browser = browse(actors.BOB)
    shown = brought(browser, hours, HOURS.read_bytes()).content.decode()
    form = fields_of_form(shown, "editor")
    path, most = page("mapping_preview", hours.pk), len(form.getlist("row"))
    for command, target, value in [
        ("use:Kunde", "", "Kunde"),
        ("fill:engagement", "engagement", ""),
    ]:
        form["do"] = command
        made = fields_of_form(post(browser, path, form.urlencode()).content.decode(), "editor")
        last = made.getlist("row")[-1]
        assert len(made.getlist("row")) == most + 1
        assert (made[f"target-{last}"], made[f"value-{last}"]) == (target, value)


def test_the_source_is_a_tree_that_says_what_is_read() -> None:
    sample: dict[str, object] = {"a.b": "1", "c": {"d": "2", "e": []}}
    document: dict[str, object] = {"rules": [{"id": "r", "target": "t", "source": "c.d"}]}
    dotted, nested = source_tree(["a\\.b", "c.d", "c.e"], sample, document)
    assert (dotted.name, dotted.path, dotted.value, dotted.is_used) == ("a.b", "a\\.b", "1", False)
    assert [(one.name, one.value, one.is_used) for one in nested.below] == [
        ("d", "2", True),
        ("e", "0 members", False),
    ]


def test_many_rules_are_tried_on_fewer_rows() -> None:
    terms = "concat(" + ", ".join(["field('a')"] * 12) + ")"
    rules = [{"id": f"r{n}", "target": f"t{n}", "expr": terms} for n in range(300)]
    mapping = Mapping(slug="m", name="M", direction="outbound", object="o")
    samples = read_samples("a\n" + "x\n" * 500)
    tried = try_rows(mapping, {"rules": rules}, samples, {}, Around({}, {}))
    assert 20 < tried.passed == tried.total < 100
    assert tried.total + tried.left_out == 500
