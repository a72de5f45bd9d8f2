"""What people do with the product, from one to the next, in the browser."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e import people
from tests.e2e.conftest import Enter
from tests.e2e.product import Account, Product
from tests.e2e.visitor import open_window

HOURS = Path(__file__).parents[1] / "mappings" / "files" / "hours.csv"
MAPPING = "Time to Ledgerline invoice lines, Ashdown Mercer Consulting"
TITLE = "Round prices to the penny"


def test_a_mapping_changes_only_with_the_signatures_of_approver_and_client(enter: Enter) -> None:
    engineer = enter(people.IVO)
    ivo = engineer.page
    ivo.get_by_role("link", name="Mappings").click()
    engineer.list_search.fill("Ashdown")
    ivo.get_by_role("link", name=MAPPING).click()
    price = ivo.locator("#rules > li", has=ivo.locator("input[value=unitPrice]"))
    price.locator("summary").click()
    price.get_by_role("combobox", name=re.compile("^Step to add")).select_option("round")
    price.get_by_role("button", name="Add step").click()
    with ivo.expect_response(re.compile("/preview/")):
        price.get_by_label("Digits").fill("2")
    expect(ivo.get_by_role("group", name="Difference to the live version")).to_contain_text("round")
    ivo.get_by_label("In a few words").fill(TITLE)
    ivo.get_by_label("Why", exact=True).fill("The ERP prints prices with two digits.")
    ivo.get_by_role("button", name="Propose change").click()
    expect(ivo.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    expect(ivo.get_by_role("button", name="Approve")).to_have_count(0)

    ama = enter(people.AMA).page
    ama.get_by_role("link", name=f"Approve: {TITLE}").click()
    expect(ama.get_by_text("Touches money").first).to_be_visible()
    # The worker tries it on the month's records; then there is something to sign.
    expect(ama.get_by_role("heading", name=re.compile("^Impact: "))).to_be_visible()
    expect(ama.get_by_text("Newly failing")).to_be_visible(timeout=60_000)
    ama.get_by_role("button", name="Approve").click()
    expect(ama.get_by_text("Live since")).to_have_count(0)

    marcus = enter(people.MARCUS).page
    marcus.get_by_role("link", name="Approvals").click()
    marcus.get_by_role("link", name=TITLE).click()
    marcus.get_by_role("button", name="Approve").click()
    expect(marcus.get_by_text("Live since")).to_be_visible()

    noor = enter(people.NOOR).page
    noor.get_by_role("link", name="Audit").click()
    trail = noor.get_by_role("group", name="Audit entries")
    for name in ("Ivo Petrak", "Ama Boateng", "Marcus Jessop"):
        expect(trail.get_by_text(name).first).to_be_visible()


def test_a_rule_is_written_with_the_keyboard_alone(enter: Enter) -> None:
    engineer = enter(people.IVO)
    ivo = engineer.page
    ivo.get_by_role("link", name="Mappings").click()
    engineer.list_search.fill("Ashdown")
    ivo.get_by_role("link", name=MAPPING).focus()
    with ivo.expect_navigation():
        ivo.keyboard.press("Enter")
    before = ivo.locator("#rules > li").count()
    _tab_to(ivo, "Add a rule")
    ivo.keyboard.press("Enter")
    expect(ivo.locator("#rules > li")).to_have_count(before + 1)
    expect(ivo.get_by_label(f"Target field of rule {before + 1}")).to_be_focused()
    ivo.keyboard.type("remark")
    ivo.keyboard.press("Tab")
    ivo.keyboard.press("A")  # Always
    ivo.keyboard.press("Tab")
    with ivo.expect_response(re.compile("/preview/")):
        ivo.keyboard.type("By hand")
    expect(ivo.locator("#rules > li").last).to_contain_text("takes no field 'remark'")
    ivo.keyboard.press("Shift+Tab")
    ivo.keyboard.press("Shift+Tab")
    with ivo.expect_response(re.compile("/preview/")):
        ivo.keyboard.type("description")
    expect(ivo.locator("#rules > li").last).to_contain_text("Another rule has this target")
    expect(ivo.get_by_role("group", name="Difference to the live version")).to_contain_text(
        "description ← always 'By hand'"
    )


def _tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    raise AssertionError(f"The keyboard alone does not reach {text!r}.")


def test_somebody_maps_an_export_that_they_bring_and_publishes_it(enter: Enter) -> None:
    ivo = enter(people.IVO).page
    ivo.get_by_role("link", name="Mappings").click()
    ivo.get_by_role("link", name="New mapping").click()
    ivo.get_by_label("Name", exact=True).fill("Hours of the old system")
    ivo.get_by_label("What the file holds").fill("Timesheet export")
    ivo.get_by_label("What the records are").select_option("time_entry")
    ivo.get_by_role("button", name="Add and bring a file").click()
    ivo.get_by_label(re.compile("^File with records")).set_input_files(HOURS)
    ivo.get_by_role("button", name="Bring the file").click()
    tried = ivo.locator("#tried-line")
    expect(tried).to_contain_text("0 of 10 rows come through")
    for word, result in (("freigegeben", "approved"), ("offen", "submitted")):
        with ivo.expect_response(re.compile("/preview/")):
            ivo.get_by_label(f"What {word} becomes").select_option(result)
    with ivo.expect_response(re.compile("/preview/")):
        ivo.get_by_label("What abgerechnet becomes").select_option("invoiced")
    expect(tried).to_contain_text("9 of 10 rows come through")
    expect(ivo.locator("#preview")).to_contain_text("is not a day in the form DD.MM.YYYY")
    day = ivo.locator("#rules > li", has=ivo.locator("input[value=Datum]"))
    day.locator("summary").click()
    day.get_by_label("Or format").select_option("YYYY-MM-DD")
    expect(tried).to_contain_text("All 10 rows come through")
    ivo.get_by_label("In a few words").fill("Hours of the old system")
    ivo.get_by_label("Why", exact=True).fill("Its exports go on until the end of the year.")
    ivo.get_by_role("button", name="Propose change").click()
    expect(ivo.get_by_role("heading", level=1, name="Hours of the old system")).to_be_visible()

    ama = enter(people.AMA).page
    ama.get_by_role("link", name="Approve: Hours of the old system").click()
    expect(ama.get_by_text("freigegeben → approved")).to_be_visible()
    ama.get_by_role("button", name="Approve").click()
    expect(ama.get_by_text("Signed. The change is live.")).to_be_visible()


def test_a_support_agent_works_the_queue_and_releases_holds_but_not_where_it_is_money(
    enter: Enter,
) -> None:
    tess = enter(people.TESS).page
    tess.get_by_role("navigation", name="Main").get_by_role("link", name="Exceptions").click()
    tess.get_by_role("link", name=re.compile("rejects time entry")).click()
    tess.get_by_role("button", name="Take it").click()
    expect(tess.get_by_text("It is yours.")).to_be_visible()
    tess.get_by_role("button", name="Try all again").click()
    expect(tess.get_by_text(re.compile("tried again now"))).to_be_visible()
    tess.get_by_label("For whoever works on it").fill("Asked for a longer contract.")
    tess.get_by_role("button", name="Add comment").click()
    expect(tess.get_by_text("Asked for a longer contract.")).to_be_visible()

    tess.get_by_role("navigation", name="Main").get_by_role("link", name="Exceptions").click()
    tess.get_by_role("link", name="On hold").first.click()
    row = tess.get_by_role("row", name=re.compile("CT-7715"))
    expect(row).to_contain_text("7,350.00")
    row.get_by_role("textbox").fill("Signed on paper, scan follows.")
    row.get_by_role("button", name=re.compile("^Ask to release")).click()
    expect(tess.get_by_text("Others must sign it")).to_be_visible()

    row = tess.get_by_role("row", name=re.compile("ob code of assignment AS-7715-02")).first
    row.get_by_role("textbox").fill("The code is in their mail.")
    row.get_by_role("button", name=re.compile("^Release")).click()
    expect(tess.get_by_text("Released. It goes out with the next pass.")).to_be_visible()
    tess.get_by_role("link", name="Released", exact=True).click()
    expect(tess.get_by_text("The code is in their mail.")).to_be_visible()


def test_the_owner_sees_clients_money_and_changes_the_brand(enter: Enter) -> None:
    helena = enter(people.HELENA).page
    expect(helena.get_by_role("heading", name="What needs you")).to_be_visible()
    helena.get_by_role("group", name="Clients by health").get_by_role(
        "link", name="Ashdown Mercer Consulting"
    ).click()
    helena.get_by_role("link", name="Usage and cost").click()
    expect(helena.get_by_role("heading", level=1, name="Ashdown Mercer")).to_be_visible()
    helena.get_by_role("link", name="Statements").click()
    helena.get_by_role("link", name="Ashdown Mercer Consulting").click()
    expect(helena.get_by_role("row", name=re.compile("^Total"))).to_contain_text("GBP")
    helena.get_by_role("link", name="Brand", exact=True).click()
    helena.get_by_label("Product name").fill("Northgate Bridge")
    helena.get_by_role("button", name="Save draft").click()
    helena.get_by_role("button", name="Publish").click()
    helena.goto(helena.url.split("/brand")[0] + "/")
    expect(helena.get_by_role("link", name="Northgate Bridge").first).to_be_visible()


def test_single_sign_on_shows_the_part_of_the_protocol_that_is_chosen(enter: Enter) -> None:
    page = enter(people.HELENA).page
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("link", name="Sign-in", exact=True).click()
    page.get_by_role("link", name="Set up").first.click()
    parts = {
        "OpenID Connect": page.get_by_role("heading", name="OpenID Connect", exact=True),
        "SAML 2.0": page.get_by_role("heading", name="SAML", exact=True),
    }
    for chosen in ("OpenID Connect", "SAML 2.0", "OpenID Connect"):
        page.get_by_label("Protocol").select_option(chosen)
        for protocol, heading in parts.items():
            expect(heading).to_be_visible(visible=protocol == chosen)
    # What is not shown is not asked for either.
    expect(page.get_by_label("Client ID")).to_be_visible()
    expect(page.get_by_label(re.compile("^Certificate"))).to_be_hidden()


def test_a_client_sees_only_its_own(enter: Enter) -> None:
    zara = enter(people.ZARA)
    zara.page.get_by_role("navigation", name="Main").get_by_role("link", name="Records").click()
    zara.list_search.fill("CAL-7715")
    expect(zara.page.get_by_text("No record here")).to_be_visible()
    assert "Calder" not in zara.page.content()
    assert zara.ask("people/").status_code == 403


def test_an_operator_sets_up_a_partner_and_its_owner_comes_in_by_the_link(
    enter: Enter, browser: Browser, product: Product
) -> None:
    olive = enter(people.OPERATOR).page
    olive.get_by_role("link", name="Set up a partner").click()
    olive.get_by_label("Name", exact=True).fill("Harbour Systems")
    olive.get_by_label("Short name").fill("harbour")
    olive.get_by_label("First owner's name").fill("Pia Holm")
    olive.get_by_label("First owner's address").fill("pia@harbour.example")
    olive.get_by_role("button", name="Set up").click()
    link = olive.get_by_role("group", name="Invitation link").inner_text().strip()

    door = link.split("welcome/")[0]
    pia = open_window(browser, Account("pia@harbour.example", "Owner", "Pia Holm", door))
    pia.page.goto(link)
    pia.page.get_by_label("New password").fill(product.password)
    pia.page.get_by_label(re.compile("again", re.I)).fill(product.password)
    pia.page.get_by_role("button", name="Save password").click()
    expect(pia.page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(pia.page.get_by_text("Nothing needs you now")).to_be_visible()
    assert not pia.complaints
    pia.context.close()
