"""YAML in and out: exactly the same document, and nothing but plain values."""

from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.documents import canonical_json, plain_document
from mappings.yaml_text import BadYaml, read_yaml, write_yaml
from tests.mappings.hostile import refusal

HEADER = {"mapping": "crm", "name": "Customers: all", "direction": "inbound", "makes": ""}
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) | (
    st.sampled_from(["yes", "no", "on", "0123", "089", "1e3", "1.5", "2026-10-31", "null", "~", "",
                     "=", "<<", "!x", "&a", "*a", "- a", "a: b", " a ", "#", "0x1f", "1_000", ".5",
                     "12:30:45", "\ufeff", "\x85", "\u2028", "\x7f", "a\tb", "a\r\nb", "true"])
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "target", "source", "constant", "note"]), _VALUES))
def test_what_is_written_is_read_as_it_was(rule: dict[str, object]) -> None:
    document: dict[str, object] = {"rules": [rule], "checks": []}
    header, found = read_yaml(write_yaml(document, HEADER))
    assert canonical_json(found) == canonical_json(document)
    assert header == {name: text for name, text in HEADER.items() if text}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_other_readers_read_the_same(rule: dict[str, object]) -> None:
    document = {"rules": [rule]}
    assert yaml.safe_load(write_yaml(document, {})) == document


def test_what_a_person_writes_is_taken_as_it_stands() -> None:
    text = """
    mapping: crm
    # a word on the rules
    rules:
      - {id: rate, target: rate, constant: 1.50, required: true}
      - id: day
        target: start_date
        constant: 2026-10-31
        note: yes
        default: 007
        on: ~
    """
    _, found = read_yaml(text)
    assert found == {
        "rules": [
            {"id": "rate", "target": "rate", "constant": Decimal("1.50"), "required": True},
            {"id": "day", "target": "start_date", "constant": "2026-10-31", "note": "yes",
             "default": "007", "on": None},
        ]
    }  # fmt: skip
    assert plain_document(found)["rules"][0]["constant"] == "1.50"  # type: ignore[index]  # a list


HOSTILE_TEXTS = [
    "",
    "- a",
    "text",
    "a: 1\na: 2",
    "1: a",
    "a: &x 1\nb: *x",
    "a: !!python/object/apply:os.system ['true']",
    "a: !!str 1",
    "a: 1\n---\nb: 2",
    "a: [",
    "a: 'b",
    "\ta: b",
    "a: \x00",
    "a: \ud800",
    "[" * 100_000,
    "a: " + "[" * 5_000,
    "{a: " * 100_000,
    "a: [" + "1," * 200_000 + "]",
    "? " * 5_000,
    "- " * 100_000,
    "a: " + "b" * 500_000,
    "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]",
    "%YAML 9.9\n---\na: 1",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:20]))
def test_what_is_not_plain_and_bounded_is_refused(text: str) -> None:
    assert 10 < len(str(refusal(lambda: read_yaml(text), BadYaml))) < 300
