"""A change that moves money, from the proposal to the auditor's paper, as its people do it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import people
from tests.e2e.conftest import Enter
from tests.e2e.paper import words_of
from tests.e2e.product import Product
from tests.e2e.systems import system
from tests.e2e.visitor import NARROW, WIDE, Visitor

FIRM, CLIENT, PROJECT = "calder", "Calder IT Services", "CAL-7708"
MAPPING = f"Time to Ledgerline invoice lines, {CLIENT}"
TITLE = "Raise Calder's rates by 5 %"
RAISE = Decimal("1.05")
HOURS, RATE = Decimal(8), Decimal(100)
BACK = f"Roll back: {TITLE}"
CENT = Decimal("0.01")
PICTURES = Path(__file__).resolve().parents[2] / "artifacts" / "screens" / "change-story"
SOON = timedelta(seconds=20)
LIVE_MS = 60_000
WRITTEN_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _folder() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)


def _picture(visitor: Visitor, name: str) -> None:
    """Keep what somebody saw, wide and narrow."""
    visitor.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    visitor.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    visitor.page.emulate_media(color_scheme="dark")
    visitor.page.screenshot(path=PICTURES / f"{name}-narrow-dark.png", full_page=True)
    visitor.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    visitor.page.emulate_media(color_scheme="light")


def _raise(page: Page, target: str) -> None:
    """Multiply what fills a target field, and round it to the cent."""
    rule = page.locator("#rules > li", has=page.locator(f"input[value={target}]"))
    rule.locator("summary").click()
    for step, setting, value in (("multiply", "By", str(RAISE)), ("round", "Digits", "2")):
        rule.get_by_role("combobox", name=re.compile("^Step to add")).select_option(step)
        rule.get_by_role("button", name="Add step").click()
        with page.expect_response(re.compile("/preview/")):
            rule.get_by_label(setting, exact=True).last.fill(value)


def _card(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def _sign(page: Page) -> None:
    page.get_by_role("button", name="Approve").click()


def _open_waiting(page: Page, title: str) -> None:
    """Open what waits for somebody's signature in the portal."""
    main = page.get_by_role("navigation", name="Main")
    main.get_by_role("link", name=re.compile("^Approvals")).click()
    waiting = page.get_by_role("group", name="Waiting for you")
    waiting.get_by_role("link", name=title, exact=True).click()


def _open_window(helena: Visitor, ama: Visitor) -> datetime:
    """The owner asks for a release window that opens soon, the approver lets it; returns when."""
    page = helena.page
    page.get_by_role("link", name="Change requests").click()
    page.get_by_role("link", name="Calendar").click()
    page.get_by_role("link", name="Propose a window").click()
    page.get_by_label("Name").fill("Evening releases")
    page.get_by_label("Kind").select_option("release")
    zone = ZoneInfo(page.get_by_label("Time zone").input_value())
    page.get_by_label("Why").fill("Changes go in when nobody bills.")
    _picture(helena, "1-window")
    opens = datetime.now(UTC).replace(microsecond=0) + SOON
    for label, moment in (("From", opens), ("Until", opens + timedelta(hours=2))):
        page.get_by_label(label, exact=True).fill(f"{moment.astimezone(zone):%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Propose this window").click()
    expect(page.get_by_role("heading", level=1, name=re.compile("Evening"))).to_be_visible()
    ama.go(page.url)
    _sign(ama.page)
    expect(ama.page.get_by_text("Signed. The change is live.")).to_be_visible()
    return opens


def _line(product: Product, number: str) -> Decimal | None:
    """Return what the firm's ERP bills for a time entry, None while it has no line of it."""
    with system(product.home, FIRM, "erp") as erp:
        lines = erp.pages("invoiceLines", **{"$filter": f"externalReference eq '{number}'"})
        return next((Decimal(one["lineAmount"]) for one in lines), None)


def _await(what: Callable[[], Decimal | None], wanted: Decimal) -> None:
    deadline = monotonic() + WRITTEN_SECONDS
    while (found := what()) != wanted:
        assert monotonic() < deadline, f"{found} instead of {wanted}"
        sleep(0.2)


def _work(product: Product) -> str:
    """Let somebody's hours be approved in the firm's PSA; returns their number."""
    now = datetime.now(UTC)
    number = f"T-{now:%Y%m%d%H%M%S}"
    with system(product.home, FIRM, "psa") as psa:
        known = next(
            one
            for one in psa.pages("timeEntries")
            if one["ProjectCode"] == PROJECT and one["Billable"]
        )
        same = ("ProjectCode", "ResourceNumber", "Task", "Currency", "Entity", "ApprovedBy")
        told = {
            "Number": number,
            "WorkDate": f"{now:%Y-%m-%d}",
            "Hours": str(HOURS),
            "Rate": str(RATE),
            "Billable": True,
            "State": "Approved",
            "ApprovedAt": now.isoformat(),
        }
        psa.bulk("timeEntries", [{**{name: known[name] for name in same}, **told}])
    return number


def _moved(product: Product) -> Decimal:
    """Return by how much the raise moves what is billed for the hours of the firm's PSA."""
    with system(product.home, FIRM, "erp") as erp:
        billed = {one["externalReference"] for one in erp.pages("invoiceLines")}
    with system(product.home, FIRM, "psa") as psa:
        amounts = [
            _cents(Decimal(one["Hours"]) * Decimal(one["Rate"]))
            for one in psa.pages("timeEntries")
            if one["Number"] in billed
        ]
    return sum((_cents(one * RAISE) - one for one in amounts), Decimal(0))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _await_live(page: Page) -> None:
    """Look until the worker has let it in at its moment."""
    deadline = monotonic() + LIVE_MS / 1000
    while page.get_by_text("Live since").count() == 0:
        assert monotonic() < deadline, "It did not go in at its moment."
        sleep(0.5)
        page.reload()


def _run_now(ivo: Visitor) -> None:
    """Start the client's billing by hand, so that nobody waits for the next reading."""
    ivo.page.get_by_role("navigation", name="Main").get_by_role("link", name="Workflows").click()
    row = ivo.page.get_by_role("row", name=re.compile(CLIENT)).filter(has_text="Time to billing")
    row.get_by_role("link", name="Time to billing").click()
    ivo.page.get_by_role("button", name="Run now").click()


def _paper(noor: Visitor, number: str) -> str:
    """Let the auditor fetch today's report; returns what it tells of one change."""
    page = noor.page
    page.get_by_role("link", name="Evidence").click()
    for label in ("From", "Until"):
        page.get_by_label(label, exact=True).fill(f"{datetime.now(UTC):%Y-%m-%d}")
    page.get_by_role("button", name="Report (PDF)").click()
    ready = page.get_by_role("link", name="Download").first
    expect(ready).to_be_visible(timeout=90_000)  # a worker draws it
    _picture(noor, "8-evidence")
    with page.expect_download() as fetched:
        ready.click()
    paper = Path(fetched.value.path()).read_bytes()
    (PICTURES / "evidence.pdf").write_bytes(paper)
    details = words_of(paper).partition("Change by change")[2]
    found = re.search(
        rf"\b{number} {re.escape(TITLE)} (.*?)Sent the records[^.]*? record\b", details
    )
    assert found is not None, details[:2000]
    return found[0]


def test_a_change_that_moves_money_goes_in_and_back_and_the_paper_tells_it(
    enter: Enter, product: Product
) -> None:
    moved = f"{_moved(product):,.2f}"
    ivo = enter(people.IVO)
    ivo.page.get_by_role("link", name="Mappings").click()
    ivo.list_search.fill("Calder")
    ivo.page.get_by_role("link", name=MAPPING).click()
    for target in ("unitPrice", "lineAmount"):
        _raise(ivo.page, target)
    ivo.page.get_by_label("In a few words").fill(TITLE)
    ivo.page.get_by_label("Why", exact=True).fill("Their new rates hold from this month on.")
    ivo.page.get_by_role("button", name="Propose change").click()
    expect(ivo.page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    change = ivo.page.url

    ama = enter(people.AMA)
    ama.page.get_by_role("link", name=f"Approve: {TITLE}").click()
    expect(_card(ama.page, "Your decision")).to_contain_text(moved, timeout=LIVE_MS)
    _picture(ama, "2-reviewer")
    _sign(ama.page)
    expect(ama.page.get_by_text(f"the signature of {CLIENT}").first).to_be_visible()
    conor = enter(people.CONOR)
    _open_waiting(conor.page, TITLE)
    expect(_card(conor.page, "Your decision")).to_contain_text(moved)
    _picture(conor, "3-client")
    opens = _open_window(enter(people.HELENA), ama)
    _sign(conor.page)
    expect(conor.page.get_by_text("Signed. It goes in by itself")).to_be_visible()
    _picture(conor, "4-scheduled")
    assert datetime.now(UTC) < opens

    number = _work(product)
    _await_live(conor.page)
    assert datetime.now(UTC) >= opens
    _run_now(ivo)
    _await(lambda: _line(product, number), HOURS * RATE * RAISE)

    ivo.go(change)
    _card(ivo.page, "Roll back").get_by_label("Why").fill("The contract says from next month on.")
    _picture(ivo, "5-live")
    ivo.page.get_by_role("button", name="Propose the roll-back").click()
    expect(ivo.page.get_by_role("heading", level=1, name=BACK)).to_be_visible()
    back = ivo.page.url
    ama.go(back)
    expect(_card(ama.page, "Your decision")).to_contain_text(
        f"{_moved(product):,.2f}", timeout=LIVE_MS
    )
    _picture(ama, "6-roll-back")
    _sign(ama.page)
    _open_waiting(conor.page, BACK)
    _sign(conor.page)
    expect(conor.page.get_by_text("Signed. The change is live.")).to_be_visible()

    tess = enter(people.TESS)
    tess.go(change)
    expect(_card(tess.page, "Records written in between")).to_contain_text("1 record")
    _picture(tess, "7-send-again")
    tess.page.get_by_role("button", name="Send them again").click()
    _await(lambda: _line(product, number), HOURS * RATE)

    told = _paper(enter(people.NOOR), change.rstrip("/").rpartition("/")[2])
    for part in (
        f"difference +{moved}",
        "part of what was signed",
        "Ama Boateng The partner",
        "Conor Whelan The client",
        "by the system, at its moment. State: Rolled back.",
        "rolls it back and went live on",
    ):
        assert part in told
    assert told.count("Counts Yes") == 2
    # Step by step, in the order in which it happened.
    steps = (
        "Proposed a change · Ivo Petrak",
        "Made an impact preview",
        "Signed a change · Ama Boateng",
        "Signed a change · Conor Whelan (Portal)",
        "Scheduled a change",
        "Applied a change",
        "Rolled a change back · Conor Whelan",
        "Sent the records of a change again · Tess Gallimore (Staff pages) · 1 record",
    )
    places = [told.index(step, told.index("Steps")) for step in steps]
    assert places == sorted(places)
