"""Rows on a telephone, and a name where there is room for it: what only a browser can measure."""

import re

from playwright.sync_api import expect

from tests.e2e import people
from tests.e2e.conftest import Enter
from tests.e2e.visitor import NARROW


def test_a_title_of_several_lines_stays_beside_its_box(enter: Enter) -> None:
    for person, path in ((people.TESS, "work/exceptions/"), (people.ELEANOR, "exceptions/")):
        visitor = enter(person, NARROW)
        visitor.go(path)
        rows = visitor.page.locator("tbody tr")
        expect(rows.first).to_be_visible()
        for row in rows.all():
            box = row.get_by_role("checkbox").bounding_box()
            assert box
            # One rectangle for each line of the link.
            lines = row.locator("th a").evaluate(
                "link => [...link.getClientRects()].map(line => line.left)"
            )
            assert min(lines) >= box["x"] + box["width"], path


def test_a_statements_total_stands_beside_its_word(enter: Enter) -> None:
    visitor = enter(people.ELEANOR, NARROW)
    visitor.go("usage/statements/")
    visitor.page.locator("tbody a[href*='/statements/']").first.click()
    word = visitor.page.locator("tfoot th").bounding_box()
    amount = visitor.page.locator("tfoot td").bounding_box()
    assert word
    assert amount
    assert abs(word["y"] - amount["y"]) < word["height"] / 2
    assert amount["x"] >= word["x"] + word["width"]


def test_a_clients_name_is_not_cut_where_there_is_room(enter: Enter) -> None:
    name = enter(people.ELEANOR).page.locator(".ui-person-name")
    expect(name).to_have_text(re.compile("Ashdown Mercer Consulting"))
    assert name.evaluate("one => one.scrollWidth <= one.clientWidth")
