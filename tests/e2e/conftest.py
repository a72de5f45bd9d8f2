"""One demo and one browser for the whole session; a window of their own for each person.

`E2E_DEMO_LOG` names what a demo that runs already has printed, to work on the tests; its state
is where `LIVERY_STATE_DIR` says.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.product import ROOT, Product, read_announcement, running_demo
from tests.e2e.visitor import WIDE, Visitor, open_window, sign_in

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# The screens are looked at before the stories change what is on them.
ORDER = ("test_screens", "test_no_trace")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and put the stories last."""
    here = Path(__file__).parent
    mine = [item for item in items if item.path.parent == here]
    for item in mine:
        item.add_marker(pytest.mark.e2e)
    places = [number for number, item in enumerate(items) if item in mine]
    mine.sort(key=lambda item: item.path.stem not in ORDER)
    for place, item in zip(places, mine, strict=True):
        items[place] = item


@pytest.fixture(scope="session", autouse=True)
def _beside_the_browsers_loop() -> None:
    """The browser's loop runs in this thread, which alone asks the database and makes it."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The running demo, started from nothing."""
    attached = os.environ.get("E2E_DEMO_LOG")
    if attached:
        home = Path(os.environ.get("LIVERY_STATE_DIR", ROOT / ".livery"))
        yield read_announcement(Path(attached).read_text(), home)
        return
    with tempfile.TemporaryDirectory(prefix="e2e-", ignore_cleanup_errors=True) as folder:
        state_dir = Path(folder)
        state_dir.chmod(0o711)  # the database's own account passes through
        with running_demo(state_dir) as started:
            yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


Enter = Callable[..., Visitor]


@pytest.fixture
def enter(product: Product, browser: Browser) -> Iterator[Enter]:
    """Sign somebody in by address; at the end of the test nobody's browser has complained."""
    visitors: list[Visitor] = []

    def entered(email: str, size: tuple[int, int] = WIDE) -> Visitor:
        visitor = sign_in(open_window(browser, product.account(email), size), product.password)
        visitors.append(visitor)
        return visitor

    yield entered
    complaints = [one for visitor in visitors for one in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints, "\n".join(complaints)
