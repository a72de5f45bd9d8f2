"""The form and the document are the same thing, there and back; its buttons do what they say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.http import QueryDict

from mappings.diff import changed_rules
from mappings.documents import document_hash
from mappings.editor.form import Form, document_of, form_of, press, read_form
from mappings.editor.rows import Row, row_of, rule_of
from mappings.editor.steps import BadCell, StepRow, rows_of_steps, step_of, table_of
from mappings.services.preview import BadSample, read_sample

SHIPPED = sorted(Path("syncjobs/blueprints/mappings").glob("*/*.json"))
DOCUMENT = {
    "rules": [
        {"id": "n", "target": "number", "source": "Id", "required": True, "on_null": "fail"},
        {
            "id": "s",
            "target": "status",
            "source": "State",
            "steps": [
                {"do": "lower"},
                {"do": "table", "table": {"won = x": "a, b", "y": True, "z": None, "n": 1}},
                {"do": "replace", "old": " ", "new": ""},
                {"do": "round", "digits": 2, "mode": "half_up"},
                {"do": "join", "separator": " "},
            ],
        },
        {"id": "c", "target": "customer", "source": "acc", "lookup": {"reference": "customer"}},
        {
            "id": "v",
            "target": "terms",
            "source": "terms",
            "lookup": {"value_map": "terms", "on_miss": "fail"},
            "default": "",
            "type": "text",
        },
        {"id": "k", "target": "billable", "constant": True, "when": "eq(field('b'), 'y')"},
        {"id": "j", "target": "kind", "constant": {"a": ["1"]}, "note": "odd", "required": False},
        {
            "id": "l",
            "target": "lines",
            "for_each": "items",
            "default": None,
            "on_missing": "default",
            "rules": [{"id": "q", "target": "q", "source": "n"}],
        },
    ],
    "checks": [
        {"id": "c1", "assert": "gt(field('a'), 0)", "message": "No."},
        {"id": "c2", "assert": "true", "message": "Hm.", "severity": "warn"},
    ],
}


def posted(form: Form) -> QueryDict:
    """Return what a browser sends of a form."""
    sent = QueryDict(mutable=True)
    for row in form.rows:
        n = row.number
        sent.appendlist("row", str(n))
        for name in (
            "id", "target", "origin", "value", "lookup", "on_miss", "default", "on_missing",
            "on_null", "when", "type", "note", "members",
        ):  # fmt: skip
            sent[f"{name}-{n}"] = getattr(row, name).replace("\n", "\r\n")
        if row.required:
            sent[f"required-{n}"] = "1"
        for place, step in enumerate(row.steps):
            sent.appendlist(f"step-{n}", step.name)
            for setting in step.settings:
                sent[f"set-{n}-{place}-{setting.param.name}"] = setting.text
    for check in form.checks:
        sent.appendlist("check", str(check.number))
        sent[f"check-id-{check.number}"] = check.id
        sent[f"check-assert-{check.number}"] = check.condition
        sent[f"check-message-{check.number}"] = check.message
        sent[f"check-severity-{check.number}"] = check.severity
    return sent


@pytest.mark.parametrize(
    "document",
    [DOCUMENT, *(json.loads(path.read_text())["document"] for path in SHIPPED)],
    ids=["everything", *(path.stem for path in SHIPPED)],
)
def test_a_document_survives_the_form_and_the_browser(document: dict[str, object]) -> None:
    made, problems = document_of(read_form(posted(form_of(document))), document)
    assert problems == []
    assert made == document
    assert document_hash(made) == document_hash(document)


def test_shipped_mappings_are_there_to_be_tested() -> None:
    assert len(SHIPPED) >= 20


def test_an_emptied_row_is_a_removed_rule() -> None:
    form = form_of(DOCUMENT)
    rows = tuple(Row(row.number, row.id) if row.id == "s" else row for row in form.rows)
    made, _ = document_of(replace(form, rows=rows), DOCUMENT)
    assert {rule["target"] for rule in changed_rules(DOCUMENT, made)} == {"status"}


def test_a_cell_that_can_not_be_read_is_named_and_loses_nothing() -> None:
    form = form_of(DOCUMENT)
    rows = tuple(replace(row, members="[{") if row.id == "l" else row for row in form.rows)
    made, problems = document_of(replace(form, rows=rows), DOCUMENT)
    assert [(one.rule, one.target) for one in problems] == [("l", "lines")]
    assert "Rules of the members" in problems[0].message
    assert made == DOCUMENT


@pytest.mark.parametrize("text", ["Won", "= won", "a = 1\na = 2", "{", '{"a": 1, "a": 2}'])
def test_a_table_that_can_not_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(BadCell):
        table_of(text)


def test_a_table_is_written_one_row_a_line() -> None:
    step = {"do": "table", "table": {"Won": "won", "Lost deal": "lost"}}
    row = rows_of_steps([step])[0]
    assert row.texts["table"] == "Won = won\nLost deal = lost"
    assert step_of(row, []) == step


def test_new_settings_have_their_types() -> None:
    assert step_of(StepRow("round", {"digits": "2", "mode": "half_even"}), []) == {
        "do": "round",
        "digits": 2,
        "mode": "half_even",
    }
    assert step_of(StepRow("round", {"digits": "2", "mode": "half_up"}), []) == {
        "do": "round",
        "digits": 2,
    }


def test_a_new_constant_of_true_is_no_text() -> None:
    row = Row(1, "r", target="billable", origin="constant", value="true")
    assert rule_of(row, {}) == {"id": "r", "target": "billable", "constant": True}


def test_buttons_add_move_and_remove() -> None:
    sent = QueryDict("new-step-n=trim")
    form = press(form_of(DOCUMENT), "add-step:n", sent)
    assert [step.name for step in form.rows[0].steps] == ["trim"]
    assert "n" in form.opened
    form = press(form, "raise-step:s:1", sent)
    assert [step.name for step in form.rows[1].steps][:2] == ["table", "lower"]
    form = press(form, "remove-step:s:0", sent)
    assert next(step.name for step in form.rows[1].steps) == "lower"
    form = press(form, "remove-rule:c", sent)
    assert "c" not in [row.id for row in form.rows]
    form = press(form, "add-rule", sent)
    assert (form.rows[-1].number, form.rows[-1].id) == (8, "rule-1")
    form = press(press(form, "add-check", sent), "remove-check:c1", sent)
    assert [one.id for one in form.checks] == ["c2", "check-1"]


@pytest.mark.parametrize(
    "command",
    ["", "nothing", "add-step:n", "raise-step:s:0", "raise-step:s:99", "add-step", "remove-step"],
)
def test_a_button_that_means_nothing_changes_nothing(command: str) -> None:
    form = form_of(DOCUMENT)
    assert press(form, command, QueryDict("new-step-n=exec")).rows == form.rows


def test_rows_keep_their_numbers_and_odd_ones_are_ignored() -> None:
    form = read_form(
        QueryDict(
            "row=3&row=3&row=x&row=１&row=999999999&id-3=a&target-3=t&value-3=v&origin-3=evil"
        )
    )
    assert [(row.number, row.id, row.origin) for row in form.rows] == [(3, "a", "source")]


def test_a_rule_without_an_id_gets_one() -> None:
    form = read_form(QueryDict("row=3&target-3=t&value-3=v"))
    assert form.rows[0].id == "rule-3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{",
        "{" * 100_000,
        '{"a":' * 100_000,
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        '{"a": 1e999999999}',
        '{"a": ' + "9" * 500 + "}",
        '{"a": "\\ud800"}',
        '{"a": ["\\u0000"]}',
        "x" * 300_000,
    ],
)
def test_a_sample_that_is_no_plain_object_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadSample) as caught:
        read_sample(text)
    assert 10 < len(str(caught.value)) < 300


def test_numbers_of_a_sample_are_exact() -> None:
    sample = read_sample('{"a": 0.10000000000000000001, "b": 7}')
    assert str(sample["a"]) == "0.10000000000000000001"
    assert row_of({"id": "a", "target": "t", "constant": "1"}, 1).value == "1"
