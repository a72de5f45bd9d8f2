"""Words that records have and a value map lacks: shown, and held where the rule says so."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import command_actor
from mappings import samples
from mappings.diff import rule_words
from mappings.engine import Inputs, compile_mapping
from mappings.models import Mapping
from mappings.samples import Sample
from mappings.services.seen_values import unknown_values
from mappings.services.value_maps import ensure_value_map
from tests import actors
from tests.mappings.conftest import CUSTOMERS, make, with_rule

pytestmark = pytest.mark.usefixtures("at_home")


def mapped(on_miss: str) -> dict[str, object]:
    lookup = {"value_map": "terms", "on_miss": on_miss}
    steps = [{"do": "upper"}]
    return with_rule(
        CUSTOMERS, id="t", target="payment_terms", source="terms", steps=steps, lookup=lookup
    )


def test_a_word_without_an_entry_can_hold_the_record() -> None:
    document = mapped("hold")
    mapping = compile_mapping(document, object_type="customer")
    record = {"number": "1", "name": "Ada", "terms": "n60"}
    found = mapping.run(record, inputs=Inputs(values={"terms": {"N30": "30 days"}}))
    assert found.data is None
    assert [(one.code, one.rule) for one in found.problems] == [("value_held", "t")]
    assert mapping.run(
        {**record, "terms": "n30"}, inputs=Inputs(values={"terms": {"N30": "x"}})
    ).data
    rules = document["rules"]
    assert isinstance(rules, list)
    assert "no entry: hold the record" in rule_words(rules[-1])


@pytest.fixture
def terms(customers: Mapping, monkeypatch: pytest.MonkeyPatch) -> Mapping:
    """A live mapping by a value map, and records that use more words than it has."""
    ensure_value_map(command_actor("tests"), name="terms", label="Terms", table={"N30": "30 days"})
    words = ["n30", "n60", "n90", "n60", None, ""]
    found = [Sample(str(n), f"C-{n}", {"terms": word}) for n, word in enumerate(words)]
    monkeypatch.setattr(samples, "_finders", [lambda mapping, client, most: found[:most]])
    return make(slug="with-terms", document=mapped("pass"))


def test_the_words_that_records_have_and_the_table_lacks(terms: Mapping) -> None:
    value_map = ensure_value_map(command_actor("tests"), name="terms", label="", table={})
    found = unknown_values(value_map, None)
    assert [(one.word, one.count, one.example) for one in found] == [
        ("N60", 2, "C-1"),
        ("N90", 1, "C-2"),
    ]


def test_words_of_members_and_of_rules_that_stay_out() -> None:
    lookup = {"value_map": "terms"}
    document = {
        "rules": [
            {"id": "l", "target": "l", "for_each": "items", "rules": [
                {"id": "t", "target": "t", "source": "t", "lookup": lookup}]},
            {"id": "o", "target": "o", "source": "t", "lookup": lookup,
             "when": "eq(field('x'), 1)"},
            {"id": "other", "target": "p", "source": "t", "lookup": {"value_map": "other"}},
        ]
    }  # fmt: skip
    mapping = compile_mapping(document)
    record = {"items": [{"t": "a"}, {"t": "b"}, {}], "t": "c", "x": "2"}
    assert mapping.looked_up(record, "terms", inputs=Inputs()) == ["a", "b"]
    assert mapping.looked_up({**record, "x": "1"}, "terms", inputs=Inputs())[2:] == ["c"]


def test_the_page_offers_rows_for_them(browse: Callable[..., Browser], terms: Mapping) -> None:
    value_map = ensure_value_map(command_actor("tests"), name="terms", label="", table={})
    browser = browse(actors.BOB)

    def page(name: str) -> str:
        return reverse(name, args=[value_map.pk], urlconf="config.urls_admin")

    shown = browser.get(page("value_map_detail")).content.decode()
    assert "Seen without an entry" in shown
    assert "N60" in shown
    sent = {"word": ["N30"], "value": ["30 days"], "do": "unknown"}
    grid = browser.post(page("value_map_propose"), sent).content.decode()
    assert 'name="word" value="N60"' in grid.split('id="new-rows"')[1], "the page opens there"
    assert 'name="word" value="N30"' in grid
    sent = {"word": ["N30", "N60"], "value": ["30 days", ""], "reason": "New"}
    refused = browser.post(page("value_map_propose"), sent)
    assert refused.status_code == 422
    assert "becomes, or empty the word" in refused.content.decode()
