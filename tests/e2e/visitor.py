"""Somebody at a browser: signs in through the form, and notes what the browser complains of."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response

from tests.e2e.axe import SCRIPT
from tests.e2e.product import Account

PATIENCE_MS = 30_000
WIDE = (1440, 900)
NARROW = (360, 780)


@dataclass
class Visitor:
    """A person's own browser window. `complaints`: console errors, policy violations, 5xx."""

    account: Account | None
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Response:
        """Open an address of the person's own door, or a whole one."""
        address = path if path.startswith("http") else self.home + path.lstrip("/")
        answer = self.page.goto(address)
        assert answer is not None, address
        return answer

    def ask(self, path: str) -> requests.Response:
        """Get an address of the person's own door with the window's cookies, without showing it.

        To loopback by number: only the browser itself knows where `*.localhost` is.
        """
        home = urlsplit(self.home)
        return requests.get(
            f"http://127.0.0.1:{home.port}/{path}",
            headers={"Host": home.netloc},
            cookies={one["name"]: one["value"] for one in self.context.cookies()},
            timeout=PATIENCE_MS / 1000,
        )

    @property
    def list_search(self) -> Locator:
        """The box that narrows the list on the page; another in the frame searches everything."""
        return self.page.get_by_role("search", name="This list").get_by_role("searchbox")

    @property
    def home(self) -> str:
        """The door that the person signs in at, with a slash at the end."""
        assert self.account is not None
        return self.account.door

    @property
    def path(self) -> str:
        """Where the window is, without host and query."""
        return urlsplit(self.page.url).path


def open_window(browser: Browser, account: Account | None, size: tuple[int, int] = WIDE) -> Visitor:
    """Open a window of its own, with the checker at hand, at nobody's page."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        color_scheme="light",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(path=SCRIPT)
    visitor = Visitor(account, context, context.new_page())
    visitor.page.on("console", lambda said: _note(visitor, said))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
    visitor.page.on("response", lambda answer: _note_failure(visitor, answer))
    return visitor


def _note(visitor: Visitor, said: ConsoleMessage) -> None:
    # The checker itself is kept out of frames without scripts.
    ours = "Blocked script execution" in said.text and "sandboxed" in said.text
    if said.type in ("error", "warning") and not ours:
        visitor.complaints.append(f"console at {visitor.page.url}: {said.text}")


def _note_failure(visitor: Visitor, answer: Response) -> None:
    if answer.status >= 500:
        visitor.complaints.append(f"{answer.status} at {answer.url}")


def sign_in(visitor: Visitor, password: str) -> Visitor:
    """Sign in with the form of the person's own door."""
    assert visitor.account is not None
    visitor.go("sign-in/")
    visitor.page.get_by_label("E-mail address").fill(visitor.account.email)
    visitor.page.get_by_label("Password").fill(password)
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url(lambda address: "/sign-in/" not in address)
    return visitor
