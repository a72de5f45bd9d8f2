"""Each page of each role: accessible, no wider than the screen, without complaints; pictured."""

import re
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e import people
from tests.e2e.axe import violations
from tests.e2e.conftest import Enter
from tests.e2e.visitor import NARROW, WIDE, Visitor
from tests.e2e.walk import walk

Look = tuple[tuple[int, int], Literal["light", "dark"]]
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts" / "screens"
# Both widths in both colours. People who share a door see the same pages with fewer buttons:
# who comes later looks at what nobody looked at yet in full, and at the rest in one of the four.
LOOKS: list[Look] = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]
_looked_at: set[tuple[str, str]] = set()


def _looks(visitor: Visitor, kind: str) -> list[Look]:
    page = (visitor.home, kind)
    if page in _looked_at:
        return LOOKS[-1:]
    _looked_at.add(page)
    return LOOKS


def _check(visitor: Visitor, kind: str, folder: Path) -> list[str]:
    """Return what is wrong with the page that is shown."""
    wrong = []
    name = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-") or "home"
    for (across, down), scheme in _looks(visitor, kind):
        visitor.page.set_viewport_size({"width": across, "height": down})
        visitor.page.emulate_media(color_scheme=scheme)
        place = f"{kind} {across} {scheme}"
        wrong += [f"{place}: {one}" for one in violations(visitor.page)]
        needed = visitor.page.evaluate("() => document.documentElement.scrollWidth")
        if needed > across:
            wrong.append(f"{place}: {needed} px wide")
        visitor.page.screenshot(path=folder / f"{name}-{across}-{scheme}.png", full_page=True)
    visitor.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    visitor.page.emulate_media(color_scheme="light")
    return wrong


@pytest.mark.parametrize("email", people.EVERYBODY)
def test_every_page_that_somebody_can_reach_is_in_order(enter: Enter, email: str) -> None:
    visitor = enter(email)
    folder = ARTIFACTS / email.split("@")[0]
    folder.mkdir(parents=True, exist_ok=True)
    wrong = [line for kind in walk(visitor) for line in _check(visitor, kind, folder)]
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("email", [people.HELENA, people.ELEANOR])
def test_a_list_stays_in_order_after_a_search_in_place(enter: Enter, email: str) -> None:
    visitor = enter(email)
    visitor.page.get_by_role("navigation", name="Main").get_by_role("link", name="Records").click()
    visitor.list_search.fill("AM-2204")
    visitor.page.wait_for_url(lambda address: "q=AM-2204" in address)
    assert visitor.list_search.evaluate("box => box === document.activeElement")
    assert not violations(visitor.page)
