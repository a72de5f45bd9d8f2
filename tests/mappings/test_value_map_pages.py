"""The pages of value maps: rows are written, pasted and proposed."""

from typing import Any

import pytest

from governance.models import ChangeRequest
from mappings.models import Mapping, ValueMap
from mappings.pages.value_maps import EMPTY_ROWS
from mappings.services.value_maps import MAX_ROWS
from tests import actors
from tests.forms import fields_of_form
from tests.mappings.pages import Browse, page

pytestmark = pytest.mark.usefixtures("at_home")


def test_a_value_map_is_added_filled_and_proposed(customers: Mapping, browse: Browse) -> None:
    browser = browse(actors.BOB)
    made = browser.post(page("value_map_add"), {"name": "terms", "label": "Payment terms"})
    value_map = ValueMap.objects.get(name="terms")
    assert made["Location"] == page("value_map_detail", value_map.pk)
    rows = {"word": ["N30", "", "N60"], "value": ["30D", "left over", "60D"]}
    path = page("value_map_propose", value_map.pk)
    more = browser.post(path, {**rows, "do": "add"})
    assert more.content.decode().count('name="word"') == 7
    answer = browser.post(path, {**rows, "reason": "The ERP wants them."})
    request = ChangeRequest.objects.get()
    assert answer["Location"] == page("change_detail", request.pk)
    assert request.changes.get().content["table"] == {"N30": "30D", "N60": "60D"}
    assert "Payment terms" in browser.get(page("value_map_list")).content.decode()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"word": ["a", "b", "a"], "value": ["1", "2", "3"], "reason": "r"}, "rows 1 and 3"),
        ({"word": ["a", "b"], "value": ["1", ""], "reason": "r"}, "Row 2: say what"),
        ({"word": ["a"], "value": ["1"]}, "Write a reason"),
        ({"reason": "r"}, "nothing would change"),
        ({"word": ["a\x00"], "value": ["1"], "reason": "r"}, "signs"),
    ],
)
def test_a_table_that_can_not_go_on_keeps_what_was_written(
    customers: Mapping, browse: Browse, rows: dict[str, Any], words: str
) -> None:
    browser = browse(actors.BOB)
    browser.post(page("value_map_add"), {"name": "terms", "label": "Payment terms"})
    value_map = ValueMap.objects.get(name="terms")
    answer = browser.post(page("value_map_propose", value_map.pk), rows)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    kept = fields_of_form(answer.content.decode(), "value-map")
    pairs = [*zip(kept.getlist("word"), kept.getlist("value"), strict=True)]
    assert pairs[:-EMPTY_ROWS] == [*zip(rows.get("word", []), rows.get("value", []), strict=True)]


def test_rows_of_a_spreadsheet_are_pasted_into_a_value_map(
    customers: Mapping, browse: Browse
) -> None:
    browser = browse(actors.BOB)
    browser.post(page("value_map_add"), {"name": "terms", "label": "Payment terms"})
    path = page("value_map_propose", ValueMap.objects.get(name="terms").pk)
    rows = {"word": ["N30"], "value": ["30D"], "do": "paste"}
    text = "N60\t60D\r\n\r\nN30\t30\r\nN60\t60D\r\nN60\t61D"
    shown = browser.post(path, {**rows, "pasted": text})
    sent = fields_of_form(shown.content.decode(), "value-map")
    assert sent.getlist("word")[:4] == ["N30", "N60", "N60", ""]
    assert sent.getlist("value")[:4] == ["30", "60D", "61D", ""]
    for wrong in ("", "one", "a\tb\tc", '"open'):
        refused = browser.post(path, {**rows, "pasted": wrong})
        assert refused.status_code == 422
        assert 'value="N30"' in refused.content.decode()


def test_the_largest_value_map_can_be_sent_from_its_page(
    customers: Mapping, browse: Browse
) -> None:
    browser = browse(actors.BOB)
    browser.post(page("value_map_add"), {"name": "terms", "label": "Payment terms"})
    path = page("value_map_propose", ValueMap.objects.get(name="terms").pk)
    words = [f"N{number}" for number in range(MAX_ROWS)]
    blank = [""] * EMPTY_ROWS
    rows = {"word": words + blank, "value": words + blank, "reason": "All of them."}
    assert browser.post(path, rows).status_code == 302
    assert len(ChangeRequest.objects.get().changes.get().content["table"]) == MAX_ROWS


def test_a_value_map_without_a_name_is_not_added(northwind: object, browse: Browse) -> None:
    answer = browse(actors.BOB).post(page("value_map_add"), {"name": "No Name!", "label": "x"})
    assert answer.status_code == 422
    assert not ValueMap.objects.exists()
