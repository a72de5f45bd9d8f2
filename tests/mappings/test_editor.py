"""The form and the document are the same thing, there and back."""

import pytest

from mappings.diff import changed_targets, diff
from mappings.editor.rows import BadRow, Row, document_of, read_steps, rows_of, steps_text
from mappings.services.preview import BadSample, read_sample

DOCUMENT = {
    "rules": [
        {"id": "n", "target": "number", "source": "Id", "required": True, "on_null": "fail"},
        {
            "id": "s",
            "target": "status",
            "source": "State",
            "steps": [{"do": "lower"}, {"do": "table", "table": {"won": "a, b", "x": "(y)"}}],
        },
        {"id": "c", "target": "customer", "source": "acc", "lookup": {"reference": "customer"}},
        {"id": "k", "target": "billable", "constant": True, "when": "eq(field('b'), 'y')"},
        {
            "id": "l",
            "target": "lines",
            "for_each": "items",
            "rules": [{"id": "q", "target": "q", "source": "n"}],
        },
    ],
    "checks": [{"id": "c1", "assert": "gt(field('a'), 0)", "message": "No."}],
}


def test_a_document_survives_the_form() -> None:
    document, rows = document_of(rows_of(DOCUMENT), DOCUMENT)
    if any(row.error for row in rows):
        pytest.fail(str([row.error for row in rows]))
    assert document == DOCUMENT


def test_an_emptied_row_is_a_removed_rule() -> None:
    rows = [Row(id=row.id) if row.id == "s" else row for row in rows_of(DOCUMENT)]
    document, _ = document_of(rows, DOCUMENT)
    assert changed_targets(DOCUMENT, document) == {"status"}
    assert [line.sign for line in diff(DOCUMENT, document)].count("-") == 1


def test_steps_are_written_as_people_read_them() -> None:
    steps = [{"do": "trim"}, {"do": "round", "digits": 2, "mode": "half_even"}]
    assert steps_text(steps) == "trim | round(digits=2, mode=half_even)"
    assert read_steps("trim | round(digits=2, mode=half_even)") == steps


@pytest.mark.parametrize("text", ["round(2)", "trim; upper", "a(b", "table(table={x)"])
def test_steps_that_can_not_be_read_say_how_to_write_them(text: str) -> None:
    with pytest.raises(BadRow):
        read_steps(text)


@pytest.mark.parametrize("text", ["", "[1]", "{", "{" * 100_000, '{"a": NaN}', "x" * 300_000])
def test_a_sample_that_is_no_object_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadSample):
        read_sample(text)
