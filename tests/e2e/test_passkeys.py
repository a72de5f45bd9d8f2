"""Passkeys in a real browser, with a key in software: the script, the policy, the way in."""

from playwright.sync_api import Page, expect

from tests.e2e import people
from tests.e2e.conftest import Enter
from tests.e2e.product import Product


def _give_key(page: Page) -> None:
    """Let the browser have a built-in key whose person is always there."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_signs_in_alone_and_as_a_second_step(
    enter: Enter, product: Product
) -> None:
    noor = enter(people.NOOR)
    page = noor.page
    _give_key(page)
    noor.go("account/factors/passkey/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1, name="Recovery codes")).to_be_visible()

    page.context.clear_cookies()
    noor.go("sign-in/?next=/account/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1, name="Your account")).to_be_visible()

    page.context.clear_cookies()
    noor.go("sign-in/?next=/account/factors/")
    page.get_by_label("E-mail address").fill(people.NOOR)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.get_by_text("No second factor yet")).to_be_visible()
