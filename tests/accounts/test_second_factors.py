"""Second factors: setting up, the second step, guessing, replay, reset, the partner's rules."""

import os
import re
import time
from collections.abc import Callable, Iterator

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import Settings

from config import settings as shipped
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts.adapters import of_person
from tenants.accounts.models import ApiToken, User
from tenants.accounts.services import second_factors, sign_in
from tests.actors import ALICE, BOB, DAVE, ERIN, GRACE, HEIDI, MALLORY, PASSWORD, Person
from tests.at_home import page_url
from tests.conftest import host_of

Browse = Callable[..., Browser]
Traveller = time_machine.Traveller
pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture(autouse=True)
def clock() -> Iterator[Traveller]:
    with time_machine.travel("2026-11-21T12:00:05+00:00", tick=True) as coordinates:
        yield coordinates


def user_of(person: Person) -> User:
    return User.objects.get(email=person.email)


def code_of(key: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(key, int(time.time()) // 30 + steps)))


def come_in(browse: Browse, person: Person, password: str = PASSWORD) -> Browser:
    browser = browse(None, host=host_of(person))
    browser.post("/sign-in/", {"email": person.email, "password": password})
    return browser


def set_up_app(browser: Browser) -> tuple[str, list[str]]:
    """Set up an authenticator app through the pages; its key and the recovery codes."""
    page = browser.get("/account/factors/app/").content.decode()
    shown = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)
    assert shown, page
    key = shown[1].replace(" ", "")
    answer = browser.post("/account/factors/app/", {"code": code_of(key)})
    return key, re.findall(r"\b\d{12}\b", answer.content.decode())


def with_app(browse: Browse, person: Person) -> tuple[str, list[str]]:
    key, codes = set_up_app(come_in(browse, person))
    assert len(codes) == 10
    return key, codes


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def test_with_a_factor_the_password_opens_nothing(browse: Browse) -> None:
    with_app(browse, DAVE)
    browser = come_in(browse, DAVE)

    assert "_auth_user_id" not in browser.session
    assert not is_in(browser)
    assert browser.get(reverse("overview", urlconf="config.urls_admin")).status_code == 302


@pytest.mark.parametrize("person", [DAVE, HEIDI])
def test_the_code_of_the_app_opens_the_door(
    browse: Browse, clock: Traveller, person: Person
) -> None:
    key, _ = with_app(browse, person)
    clock.shift(60)
    browser = come_in(browse, person)
    answer = browser.post("/sign-in/second/", {"code": code_of(key), "next": "/account/"})

    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert is_in(browser)


def test_a_code_works_once_and_not_before_one_that_was_used(
    browse: Browse, clock: Traveller
) -> None:
    key, _ = with_app(browse, DAVE)
    set_up_with = code_of(key)
    first = come_in(browse, DAVE)
    cache.clear()  # another process, with an empty memory
    assert first.post("/sign-in/second/", {"code": set_up_with}).status_code == 200
    clock.shift(60)
    used = code_of(key)
    assert first.post("/sign-in/second/", {"code": used}).status_code == 302
    second = come_in(browse, DAVE)
    cache.clear()
    for code in (used, code_of(key, -1)):
        assert second.post("/sign-in/second/", {"code": code}).status_code == 200
    assert not is_in(second)


def test_a_recovery_code_works_once(browse: Browse) -> None:
    _, codes = with_app(browse, DAVE)
    first, second = come_in(browse, DAVE), come_in(browse, DAVE)

    assert first.post("/sign-in/second/", {"code": codes[3]}).status_code == 302
    assert second.post("/sign-in/second/", {"code": codes[3]}).status_code == 200
    assert second_factors.codes_left(user_of(DAVE)) == 9


def test_guessing_codes_ends_and_a_new_password_does_not_start_it_anew(browse: Browse) -> None:
    _, codes = with_app(browse, DAVE)
    browser = come_in(browse, DAVE)
    for number in range(sign_in.TRIES):
        cache.clear()
        assert browser.post("/sign-in/second/", {"code": f"{number:06}"}).status_code == 200
    assert browser.post("/sign-in/second/", {"code": codes[0]}).status_code == 429
    user = user_of(DAVE)
    from tenants.accounts import invitations

    invitations.set_password(user, "another long passphrase")
    again = come_in(browse, DAVE, "another long passphrase")
    assert again.post("/sign-in/second/", {"code": codes[0]}).status_code == 429


def test_a_half_signed_in_session_dies_with_the_password_and_with_time(
    browse: Browse, clock: Traveller
) -> None:
    _, codes = with_app(browse, DAVE)
    late, changed = come_in(browse, DAVE), come_in(browse, DAVE)
    user = user_of(DAVE)
    user.set_password("another long passphrase")
    user.save()
    answer = changed.post("/sign-in/second/", {"code": codes[0]})
    assert answer["Location"] == "/sign-in/"
    late = come_in(browse, DAVE, "another long passphrase")
    clock.shift(sign_in.SECOND_STEP_SECONDS + 1)
    assert late.post("/sign-in/second/", {"code": codes[0]})["Location"] == "/sign-in/"


def test_a_password_by_link_does_not_go_past_the_factor(browse: Browse) -> None:
    from tenants.accounts.invitations import link_path

    _, codes = with_app(browse, DAVE)
    browser = browse(None, host=host_of(DAVE))
    new = "another long passphrase"
    browser.post(link_path(user_of(DAVE)), {"password": new, "again": new})
    assert not is_in(browser)
    browser.post("/sign-in/", {"email": DAVE.email, "password": new})
    assert not is_in(browser)
    assert browser.post("/sign-in/second/", {"code": codes[0]}).status_code == 302


def test_half_a_sign_in_is_worth_nothing_at_another_host(browse: Browse) -> None:
    _, codes = with_app(browse, DAVE)
    browser = come_in(browse, DAVE)
    for host in ("northwind.localhost", "admin.brightbridge.localhost", "brightbridge.localhost"):
        answer = browser.post("/sign-in/second/", {"code": codes[0]}, headers={"host": host})
        assert answer["Location"] == "/sign-in/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_second_step_leads_nowhere_else(browse: Browse, target: str) -> None:
    _, codes = with_app(browse, DAVE)
    browser = come_in(browse, DAVE)
    answer = browser.post("/sign-in/second/", {"code": codes[0], "next": target})
    assert answer["Location"] == "/"


def test_setting_up_a_factor_ends_the_sessions_that_came_without_one(browse: Browse) -> None:
    other = come_in(browse, DAVE)
    assert is_in(other)
    with_app(browse, DAVE)
    assert not is_in(other)


def test_the_key_is_sealed_and_opens_for_nobody_else(browse: Browse) -> None:
    key, codes = with_app(browse, DAVE)
    for row in Authenticator.objects.all():
        assert key not in str(row.data)
        assert codes[0] not in str(row.data)
    Authenticator.objects.filter(user=user_of(DAVE)).update(user=user_of(BOB))
    with pytest.raises(second_factors.FactorUnreadable):
        second_factors.check_code(user_of(BOB), codes[0])
    assert second_factors.codes_left(user_of(BOB)) == 10


def test_the_keys_survive_a_new_data_key(
    browse: Browse, clock: Traveller, actor: Callable[[Person], object]
) -> None:
    from governance.actors import command_actor
    from syncjobs.services.secrets import rotate_data_key

    key, codes = with_app(browse, DAVE)
    for _number in range(3):
        assert rotate_data_key(command_actor("tests")) >= 1
    clock.shift(60)
    assert second_factors.check_code(user_of(DAVE), code_of(key)) == "Authenticator app"
    assert second_factors.check_code(user_of(DAVE), codes[0]) == "Recovery codes"


def test_without_the_master_key_recovery_codes_open_and_the_app_says_why_not(
    browse: Browse, clock: Traveller, settings: Settings
) -> None:
    key, codes = with_app(browse, DAVE)
    clock.shift(60)
    settings.MASTER_KEY = os.urandom(32)
    browser = come_in(browse, DAVE)
    answer = browser.post("/sign-in/second/", {"code": code_of(key)})
    assert answer.status_code == 200
    assert "be checked at the moment. Use a recovery code" in answer.content.decode()
    refused = AuditEntry.objects.get(action="account.factor_refused")
    assert "does not open" in refused.reason
    assert browser.post("/sign-in/second/", {"code": codes[0]}).status_code == 302
    assert "9 left" in browser.get("/account/factors/").content.decode()
    assert (
        len(re.findall(r"\b\d{12}\b", browser.post("/account/factors/codes/").content.decode()))
        == 10
    )
    without = come_in(browse, ERIN)
    page = without.get("/account/factors/app/").content.decode()
    shown = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)
    assert shown
    answer = without.post("/account/factors/app/", {"code": code_of(shown[1].replace(" ", ""))})
    assert "can be set up at the moment" in answer.content.decode()


def test_codes_of_before_that_were_sealed_go_on_working(browse: Browse) -> None:
    with_app(browse, DAVE)
    user = user_of(DAVE)
    Authenticator.objects.filter(user=user, type=second_factors.CODES).delete()
    with of_person(user.pk):
        sealed = RecoveryCodes.activate(user).generate_codes()
    assert second_factors.codes_left(user) == 10
    assert second_factors.check_code(user, sealed[0]) == "Recovery codes"
    assert second_factors.check_code(user, sealed[0]) is None


def test_removing_asks_again_who_it_is(browse: Browse, clock: Traveller) -> None:
    browser = come_in(browse, DAVE)
    set_up_app(browser)
    factor = second_factors.factors_of(user_of(DAVE)).get()
    address = f"/account/factors/{factor.pk}/remove/"
    clock.shift(sign_in.PROOF_SECONDS + 1)
    assert browser.post(address)["Location"].startswith("/account/confirm/")
    assert second_factors.has_factor(user_of(DAVE))
    assert browser.post("/account/confirm/", {"proof": "wrong"}).status_code == 200
    assert browser.post(address)["Location"].startswith("/account/confirm/")
    browser.post("/account/confirm/", {"proof": PASSWORD})
    browser.post(address)
    assert not Authenticator.objects.filter(user=user_of(DAVE)).exists()


def test_nobody_removes_somebody_elses_factor(browse: Browse) -> None:
    with_app(browse, DAVE)
    factor = second_factors.factors_of(user_of(DAVE)).get()
    assert come_in(browse, BOB).post(f"/account/factors/{factor.pk}/remove/").status_code == 404
    assert second_factors.has_factor(user_of(DAVE))


def test_a_guess_at_a_recovery_code_costs_in_service_what_it_does_not_here(
    browse: Browse, settings: Settings
) -> None:
    assert shipped.RECOVERY_CODE_COST == 2**14
    _, codes = set_up_app(come_in(browse, DAVE))
    settings.RECOVERY_CODE_COST = shipped.RECOVERY_CODE_COST
    assert second_factors.check_code(user_of(DAVE), codes[0]) is None, "kept at another cost"


def test_new_recovery_codes_end_those_before(browse: Browse) -> None:
    browser = come_in(browse, DAVE)
    _, codes = set_up_app(browser)
    fresh = re.findall(r"\b\d{12}\b", browser.post("/account/factors/codes/").content.decode())
    assert len(fresh) == 10
    assert second_factors.check_code(user_of(DAVE), codes[0]) is None
    assert second_factors.check_code(user_of(DAVE), fresh[0]) == "Recovery codes"


def test_an_owner_resets_with_a_reason_and_every_session_ends(browse: Browse) -> None:
    browser = come_in(browse, DAVE)
    set_up_app(browser)
    assert is_in(browser)
    address = page_url("person_factors_reset", user_of(DAVE).pk)
    alice = browse(ALICE)
    assert "required" in alice.post(address, {"reason": ""}).content.decode()
    assert second_factors.has_factor(user_of(DAVE))
    alice.post(address, {"reason": "Phone lost, called back"})
    assert not second_factors.has_factor(user_of(DAVE))
    assert not is_in(browser)
    entry = AuditEntry.objects.get(action="account.factors_reset")
    assert entry.reason == "Phone lost, called back"
    assert entry.object_id == str(user_of(DAVE).pk)


def test_a_client_administrator_resets_colleagues_only(browse: Browse) -> None:
    with_app(browse, HEIDI)
    address = page_url("person_factors_reset", user_of(HEIDI).pk, door="portal")
    assert browse(MALLORY).post(address, {"reason": "Mine"}).status_code == 404
    assert second_factors.has_factor(user_of(HEIDI))
    browse(GRACE).post(address, {"reason": "Phone lost"})
    assert not second_factors.has_factor(user_of(HEIDI))


def test_whoever_manages_people_does_not_reset_somebody_who_holds_more(browse: Browse) -> None:
    with_app(browse, ALICE)
    manager = Actor(kind="person", id=0, label="Manager", permissions=frozenset({"users.manage"}))
    with pytest.raises(NotPermitted):
        second_factors.reset(manager, user_of(ALICE), "Phone lost")
    assert second_factors.has_factor(user_of(ALICE))


def require_for(browse: Browse, *roles: str) -> None:
    form = {"staff_roles": [one for one in roles if "client" not in one]}
    form["client_roles"] = [one for one in roles if "client" in one]
    assert browse(ALICE).post(page_url("sign_in_rules"), form).status_code == 302


def test_who_needs_a_factor_can_do_nothing_but_set_one_up(browse: Browse) -> None:
    browser = come_in(browse, ERIN)
    assert is_in(browser)
    require_for(browse, "finance", "client_admin")
    for path in ("/account/", "/account/password/", "/", "/clients/"):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/account/factors/"), path
    assert "needs a second factor" in browser.get("/account/factors/").content.decode()
    set_up_app(browser)
    assert is_in(browser)


def test_the_rule_holds_at_the_portal_and_for_nobody_else(browse: Browse) -> None:
    require_for(browse, "client_admin")
    assert come_in(browse, GRACE).get("/account/")["Location"] == "/account/factors/"
    assert is_in(come_in(browse, HEIDI))
    assert is_in(come_in(browse, BOB))


def test_who_needs_a_factor_and_removes_it_is_led_back(browse: Browse) -> None:
    browser = come_in(browse, ERIN)
    set_up_app(browser)
    require_for(browse, "finance")
    factor = second_factors.factors_of(user_of(ERIN)).get()
    browser.post(f"/account/factors/{factor.pk}/remove/")
    assert browser.get("/account/")["Location"] == "/account/factors/"


def test_tokens_go_on_working(browse: Browse) -> None:
    from tenants.accounts.actors import actor_for
    from tenants.accounts.services import tokens

    owner: Actor = actor_for(user_of(ALICE))
    _, text = tokens.make_token(owner, user=user_of(ALICE), name="Program", scopes=["clients.view"])
    require_for(browse, "owner")
    answer = browse(None, host=host_of(ALICE)).get(
        "/api/v1/clients/", headers={"authorization": f"Bearer {text}"}
    )
    assert answer.status_code == 200
    assert ApiToken.objects.exists()


def test_a_session_is_no_way_into_the_api(browse: Browse) -> None:
    assert come_in(browse, ALICE).get("/api/v1/clients/").status_code in {401, 403}


def test_the_pages_show_no_foreign_name(browse: Browse) -> None:
    browser = come_in(browse, DAVE)
    for path in ("/account/", "/account/factors/", "/account/factors/app/", "/account/password/"):
        page = browser.get(path).content.decode().lower()
        for name in ("allauth", "django", "livery"):
            assert name not in page.replace("django_htmx", ""), (path, name)
