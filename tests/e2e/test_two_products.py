"""Two partners made from nothing in the operator's console, and what tells their products apart.

Everything is done in the browser, as an operator, two owners and two clients' people would.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from syncjobs.demo.logos import draw_mark
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.sandbox.story import FIRMS, build, story_month
from syncjobs.sandbox.story.feed import feed_crm, feed_erp
from tests.e2e import people
from tests.e2e.axe import violations
from tests.e2e.conftest import Enter
from tests.e2e.product import Account, Product
from tests.e2e.test_screens import ARTIFACTS, LOOKS
from tests.e2e.visitor import WIDE, Visitor, open_window

MAIL_SECONDS = 30.0
FIRST_RECORD_SECONDS = 60.0
# Every web process keeps a brand for 5 s (branding.services.identity).
BRAND_KEPT_MS = 5_500
OURS = re.compile(r"livery|django|unfold|htmx|tailwind|daisy", re.IGNORECASE)


@dataclass(frozen=True)
class Maker:
    """A partner to be: its owner, its brand, its first client."""

    name: str
    slug: str
    owner: str
    brand: dict[str, str]
    mark: tuple[str, str, str]
    client: str
    systems: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def owners_address(self) -> str:
        """Where the owner's mail goes."""
        return f"owner@{self.slug}.example"


MERIDIAN = Maker(
    "Meridian Works", "meridian", "Ada Quist",
    {
        "name": "Meridian Sync", "primary": "#14532d", "accent": "#65a30d",
        "sign_in_text": "Your projects and your books, in step.",
        "support_email": "help@meridian.example", "terms_url": "https://meridian.example/terms",
        "noun_client": "customer", "noun_clients": "customers", "noun_workflow": "flow",
        "noun_workflows": "flows", "noun_exception": "alert", "noun_exceptions": "alerts",
    },
    ("rings", "#14532d", "#65a30d"), "Harrow & Finch Consulting", ("crm", "erp"),
)  # fmt: skip
SOLBAKKEN = Maker(
    "Solbakken Digital", "solbakken", "Jonas Berg",
    {
        "name": "Solbro", "primary": "#e4572e", "accent": "#2b2d42",
        "sign_in_text": "Alt henger sammen.",
        "support_email": "stotte@solbakken.example",
        "imprint_url": "https://solbakken.example/om",
        "noun_client": "account", "noun_clients": "accounts", "noun_workflow": "bridge",
        "noun_workflows": "bridges", "noun_exception": "snag", "noun_exceptions": "snags",
    },
    ("bars", "#e4572e", "#2b2d42"), "Nordlys Rådgivning AS",
)  # fmt: skip
BOTH = (MERIDIAN, SOLBAKKEN)


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[dict[str, SystemProcess]]:
    """A firm's CRM and ERP, with the customers of a month in them."""
    running = {kind: start_process(kind, tmp_path / kind) for kind in ("crm", "erp")}
    try:
        month = build(next(iter(FIRMS.values())), story_month(date.today()))
        for kind, feed in (("crm", feed_crm), ("erp", feed_erp)):
            client = running[kind].client()
            feed(client, month)
            client.close()
        yield running
    finally:
        for one in running.values():
            one.stop()


def _invitation(operator: Page, home: str, maker: Maker) -> str:
    operator.goto(home)
    operator.get_by_role("link", name="Set up a partner").click()
    operator.get_by_label("Name", exact=True).fill(maker.name)
    operator.get_by_label("Short name").fill(maker.slug)
    operator.get_by_label("First owner's name").fill(maker.owner)
    operator.get_by_label("First owner's address").fill(maker.owners_address)
    operator.get_by_role("button", name="Set up").click()
    return operator.get_by_role("group", name="Invitation link").inner_text().strip()


def _come_in(browser: Browser, link: str, email: str, name: str, password: str) -> Visitor:
    """Follow an invitation and set a password: that lets them in."""
    visitor = open_window(browser, Account(email, "", name, link.split("welcome/")[0]))
    visitor.page.goto(link)
    visitor.page.get_by_label("New password").fill(password)
    visitor.page.get_by_label(re.compile("again", re.I)).fill(password)
    visitor.page.get_by_role("button", name="Save password").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    expect(visitor.page.get_by_label("New password")).to_have_count(0)
    return visitor


def _step(owner: Visitor, title: str) -> Page:
    """Open a step of the owner's checklist."""
    owner.go("")
    owner.page.get_by_role("table", name="Steps to get started").get_by_role(
        "link", name=re.compile(title)
    ).click()
    return owner.page


def _not_needed(owner: Visitor, title: str) -> None:
    """Say of a step of the owner's checklist that it is not needed."""
    owner.go("")
    said = owner.page.get_by_role("button", name=f"{title}: not needed")
    said.click()
    expect(said).to_have_count(0)


def _brand(owner: Visitor, maker: Maker) -> None:
    page = _step(owner, "Set your brand")
    for name, value in maker.brand.items():
        page.locator(f"[name={name}]").fill(value)
    logo: FilePayload = {
        "name": "logo.png",
        "mimeType": "image/png",
        "buffer": draw_mark(*maker.mark),
    }
    page.locator("[name=logo_file]").set_input_files(logo)
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name=maker.brand["name"]).first).to_be_visible()
    page.wait_for_timeout(BRAND_KEPT_MS)


def _domain_and_client(owner: Visitor, maker: Maker) -> None:
    if maker.systems:
        page = _step(owner, "Use your own domain")
        page.get_by_role("link", name="Add a domain").click()
        page.get_by_role("textbox", name="Domain").fill(f"connect.{maker.slug}.example")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"connect.{maker.slug}")
    else:
        _not_needed(owner, "Use your own domain")
    _not_needed(owner, "Invite a colleague")
    page = _step(owner, f"Add the first {maker.brand['noun_client']}")
    page.get_by_label("Name", exact=True).fill(maker.client)
    page.get_by_label("Currency").fill("EUR")
    page.get_by_role("button", name=f"Add the {maker.brand['noun_client']}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(maker.client)


def _connect(owner: Visitor, system: SystemProcess, label: str) -> None:
    owner.go("work/connections/new/")
    page = owner.page
    page.get_by_role("link", name=f"Connect {label}").click()
    page.locator("[name=client]").select_option(index=1)
    page.get_by_label("Address").fill(system.address)
    if system.kind == "erp":
        page.get_by_label("Client ID").fill("integration")
    page.locator("input[name^=secret_]").fill(system.token)
    page.get_by_role("button", name="Connect and test").click()
    expect(page.get_by_text("Ready").first).to_be_visible()


def _workflow(owner: Visitor, maker: Maker, systems: dict[str, SystemProcess]) -> None:
    _connect(owner, systems["crm"], "Clover CRM")
    _connect(owner, systems["erp"], "Ledgerline ERP")
    page = _step(owner, f"Install a {maker.brand['noun_workflow']}")
    page.locator("[name=client]").select_option(index=1)
    page.locator("[name=blueprint]").select_option("customer_master")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Propose installation").click()
    until = time.monotonic() + FIRST_RECORD_SECONDS
    while page.get_by_text("It waits for its turn").count() and time.monotonic() < until:
        page.wait_for_timeout(500)
        page.reload()
    # Nobody else is there yet who could sign.
    alone = page.get_by_role("button", name="Let it in alone")
    alone.click()
    expect(alone).to_have_count(0)
    owner.go("")
    while page.locator("#checklist").count() and time.monotonic() < until:
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator("#checklist")).to_have_count(0)


def _clients_person(owner: Visitor, maker: Maker, browser: Browser, product: Product) -> Visitor:
    email = f"first@client-of-{maker.slug}.example"
    owner.go("clients/")
    page = owner.page
    page.get_by_role("link", name=maker.client).click()
    page.get_by_role("link", name="Invite").click()
    page.get_by_label("Name", exact=True).fill("Kari Moen")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("checkbox", name=re.compile("Administrator")).check()
    page.get_by_role("button", name="Send the invitation").click()
    until = time.monotonic() + MAIL_SECONDS
    while not (text := product.mail_to(email)) and time.monotonic() < until:
        page.wait_for_timeout(300)
    maker.seen["mail"] = text
    found = re.search(r"http://\S+/welcome/\S+", text)
    assert found, text
    return _come_in(browser, found[0], email, "Kari Moen", product.password)


def _look(visitor: Visitor, maker: Maker, name: str, path: str, status: int = 200) -> list[str]:
    """Keep what is on a page, with pictures; return what is wrong with it in any of its looks."""
    assert visitor.go(path).status == status, path
    page, wrong = visitor.page, []
    maker.seen[name] = f"{page.title()}\n{page.locator('body').inner_text()}"
    folder = ARTIFACTS / maker.slug
    folder.mkdir(parents=True, exist_ok=True)
    for (across, down), scheme in LOOKS:
        page.set_viewport_size({"width": across, "height": down})
        page.emulate_media(color_scheme=scheme)
        place = f"{maker.slug} {name} {across} {scheme}"
        wrong += [f"{place}: {one}" for one in violations(page)]
        if page.evaluate("() => document.documentElement.scrollWidth") > across:
            wrong.append(f"{place}: too wide")
        page.screenshot(path=folder / f"{name}-{across}-{scheme}.png")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")
    return wrong


def _product_of(maker: Maker, link: str, browser: Browser, product: Product,
                systems: dict[str, SystemProcess]) -> list[str]:  # fmt: skip
    """Make a product of a fresh partner; return what is wrong with its pages."""
    owner = _come_in(browser, link, maker.owners_address, maker.owner, product.password)
    _brand(owner, maker)
    _domain_and_client(owner, maker)
    if maker.systems:
        _workflow(owner, maker, systems)
    person = _clients_person(owner, maker, browser, product)
    stranger = open_window(browser, Account("", "", "", owner.home))
    wrong = [
        *_look(stranger, maker, "sign-in", "sign-in/"),
        *_look(owner, maker, "dashboard", ""),
        *_look(owner, maker, "clients", "clients/"),
        *_look(owner, maker, "api", "api-reference/"),
        *_look(owner, maker, "missing", "no-such-page/", 404),
        *_look(person, maker, "portal", ""),
    ]
    maker.seen["theme"] = stranger.ask("theme.css").text
    complaints = [*owner.complaints, *person.complaints, *stranger.complaints]
    for visitor in (owner, person, stranger):
        visitor.context.close()
    return wrong + [one for one in complaints if "404" not in one]


def test_two_partners_made_from_nothing_are_two_products(
    enter: Enter, browser: Browser, product: Product, systems: dict[str, SystemProcess]
) -> None:
    operator = enter(people.OPERATOR)
    links = {one.slug: _invitation(operator.page, operator.home, one) for one in BOTH}
    wrong = []
    for maker in BOTH:
        wrong += _product_of(maker, links[maker.slug], browser, product, systems)
    assert not wrong, "\n".join(wrong[:40])

    for maker, other in (BOTH, BOTH[::-1]):
        foreign = [other.name, other.client, *(
            other.brand[name] for name in ("name", "sign_in_text", "support_email", "primary")
        )]  # fmt: skip
        for name, text in maker.seen.items():
            assert [one for one in foreign if one in text] == [], f"{maker.slug} {name}"
            assert name == "theme" or not OURS.search(text), f"{maker.slug} {name}"
            assert name == "theme" or maker.brand["name"] in text, f"{maker.slug} {name}"
        assert maker.brand["primary"] in maker.seen["theme"]
        assert maker.brand["support_email"] in maker.seen["sign-in"]
        assert maker.brand["noun_clients"].capitalize() in maker.seen["dashboard"]
        assert maker.brand["noun_workflows"].capitalize() in maker.seen["portal"]
        assert maker.brand["noun_clients"].capitalize() in maker.seen["api"]
