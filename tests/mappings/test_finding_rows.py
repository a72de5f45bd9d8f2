"""Finding a row in a long value map, without losing what was written in the others."""

import pytest
from django.test import Client as Browser

from mappings.models import Mapping, ValueMap
from mappings.pages.value_maps import EMPTY_ROWS, SHOWN_ROWS
from tests import actors
from tests.forms import fields_of_form
from tests.mappings.pages import Browse, page

pytestmark = pytest.mark.usefixtures("at_home")
WORDS = [f"Tax {number}" for number in range(40)]
COLUMNS = {"word": WORDS, "value": [word.upper() for word in WORDS]}


def _path(browser: Browser) -> str:
    browser.post(page("value_map_add"), {"name": "tax", "label": "Tax codes"})
    return page("value_map_propose", ValueMap.objects.get(name="tax").pk)


def test_rows_that_are_not_sought_are_hidden_and_sent_all_the_same(
    customers: Mapping, browse: Browse
) -> None:
    browser = browse(actors.BOB)
    path = _path(browser)
    shown = browser.post(path, {**COLUMNS, "q": " tax 3", "do": "find"}).content.decode()
    assert "11 of 40 rows" in shown
    assert shown.count("<tr hidden>") == 29
    kept = fields_of_form(shown, "value-map")
    assert kept.getlist("word") == WORDS + [""] * EMPTY_ROWS, "nothing is lost by looking"
    # What is refused is never behind a search.
    refused = browser.post(path, {**COLUMNS, "word": ["Tax 1", *WORDS[1:]], "q": "tax 3"})
    assert refused.status_code == 422
    assert "<tr hidden>" not in refused.content.decode()


def test_who_only_reads_finds_by_the_address_and_a_short_table_has_no_search(
    customers: Mapping, browse: Browse
) -> None:
    engineer = browse(actors.BOB)
    path = _path(engineer)
    value_map = ValueMap.objects.get(name="tax")
    live = value_map.versions.create(number=2, table={word: word.upper() for word in WORDS})
    ValueMap.objects.filter(pk=value_map.pk).update(live=live)
    shown = page("value_map_detail", value_map.pk)
    found = browse(actors.FRANK).get(shown, {"q": "TAX 39"}).content.decode()
    assert "1 of 40 rows" in found
    assert found.count("<tr hidden>") == 39
    few = engineer.post(path, {"word": WORDS[:3], "value": WORDS[:3], "do": "add"})
    assert "data-found" not in few.content.decode()


def test_of_a_long_table_the_first_rows_are_shown_and_all_are_sent(
    customers: Mapping, browse: Browse
) -> None:
    engineer = browse(actors.BOB)
    path = _path(engineer)
    value_map = ValueMap.objects.get(name="tax")
    words = [f"T{number:03}" for number in range(SHOWN_ROWS + 30)]
    live = value_map.versions.create(number=2, table={word: word.lower() for word in words})
    ValueMap.objects.filter(pk=value_map.pk).update(live=live)
    detail = page("value_map_detail", value_map.pk)
    shown = engineer.get(detail).content.decode()
    assert f"the first {SHOWN_ROWS} shown" in shown
    assert shown.count("<tr hidden>") == 30
    kept = fields_of_form(shown, "value-map")
    assert kept.getlist("word") == words + [""] * EMPTY_ROWS
    # What somebody wrote is never behind the rest.
    values = [*(word.lower() for word in words[:-1]), "written"]
    sent = {"word": [*words, "new"], "value": [*values, "row"], "do": "add"}
    assert engineer.post(path, sent).content.decode().count("<tr hidden>") == 29
    assert "<tr hidden>" not in engineer.post(path, {**sent, "do": "all"}).content.decode()
    reader = browse(actors.FRANK)
    assert reader.get(detail).content.decode().count("<tr hidden>") == 30
    assert "<tr hidden>" not in reader.get(detail, {"all": "1"}).content.decode()
