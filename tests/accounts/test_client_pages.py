"""Pages of clients."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.models import AuditEntry
from syncjobs.models import Connection
from tenants.accounts.models import Client
from tests.actors import ALICE, BOB, DAVE, ERIN
from tests.at_home import page_url

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
GOOD = {"name": "Cedar Partners", "time_zone": "Europe/Paris", "currency": "eur", "locale": "fr"}


def test_the_list_can_be_searched_filtered_and_sorted(browse: Browse, birch: Client) -> None:
    birch.status = Client.Status.PAUSED
    birch.save()
    browser = browse(BOB)

    def names(**query: str) -> list[bool]:
        page = browser.get(page_url("client_list"), query).content.decode()
        return ["Alder Consulting" in page, "Birch Systems" in page]

    assert names() == [True, True]
    assert names(q="ald") == [True, False]
    assert names(status="paused") == [False, True]
    page = browser.get(page_url("client_list"), {"sort": "-name"}).content.decode()
    assert page.index("Birch Systems") < page.index("Alder Consulting")


def test_an_engineer_adds_a_client(browse: Browse) -> None:
    answer = browse(BOB).post(page_url("client_add"), GOOD)
    assert answer.status_code == 302
    client = Client.objects.get(name="Cedar Partners")
    assert (client.slug, client.currency, client.locale) == ("cedar-partners", "EUR", "fr")
    entry = AuditEntry.objects.get(action="client.added", object_id=str(client.pk))
    assert (entry.door, entry.actor_label.startswith("Bob Tran")) == ("admin", True)


def test_only_zones_of_places_are_offered_and_one_that_a_program_gave_stays(
    browse: Browse, alder: Client
) -> None:
    browser = browse(BOB)
    offered = browser.get(page_url("client_add")).content.decode()
    assert 'value="Europe/Paris"' in offered
    assert not [zone for zone in ("localtime", "Factory", "Etc/GMT+1") if f'"{zone}"' in offered]
    Client.objects.filter(pk=alder.pk).update(time_zone="CET")
    address = page_url("client_edit", alder.pk)
    assert '<option value="CET" selected>' in browser.get(address).content.decode()
    kept = {**GOOD, "time_zone": "CET", "status": alder.status}
    assert browser.post(address, kept).status_code == 302
    alder.refresh_from_db()
    assert alder.time_zone == "CET"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"currency": "E1"}, "three-letter currency code"),
        ({"currency": "POU"}, "There is no such currency"),
        ({"name": "birch SYSTEMS"}, "There is a client of that name already"),
        ({"time_zone": "Mars/Olympus"}, "not one of the available choices"),
        ({"name": ""}, "required"),
        ({"name": "x" * 121}, "at most 120"),
    ],
)
def test_wrong_facts_are_told_at_their_field(
    browse: Browse, values: dict[str, str], said: str
) -> None:
    answer = browse(ALICE).post(page_url("client_add"), {**GOOD, **values})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Client.objects.count() == 2


def test_a_client_is_changed_and_the_trail_has_both_sides(browse: Browse, alder: Client) -> None:
    values = {**GOOD, "name": "Alder & Sons", "status": "paused"}
    browse(ALICE).post(page_url("client_edit", alder.pk), values)
    alder.refresh_from_db()
    assert (alder.name, alder.status, alder.slug) == ("Alder & Sons", "paused", "alder-consulting")
    entry = AuditEntry.objects.get(action="client.changed")
    assert entry.before is not None
    assert entry.before["name"] == "Alder Consulting"


def test_a_client_cannot_take_anothers_name_but_keeps_its_own(
    browse: Browse, alder: Client
) -> None:
    address, browser = page_url("client_edit", alder.pk), browse(ALICE)
    taken = browser.post(address, {**GOOD, "name": "Birch Systems", "status": "active"})
    assert "There is a client of that name already" in taken.content.decode()
    kept = browser.post(address, {**GOOD, "name": alder.name.upper(), "status": "active"})
    assert kept.status_code == 302


def test_who_edits_a_client_goes_back_to_it(browse: Browse, alder: Client) -> None:
    page = browse(ALICE).get(page_url("client_edit", alder.pk)).content.decode()
    assert page.count(f'href="{page_url("client_detail", alder.pk)}"') == 2


def test_who_invites_from_a_clients_page_goes_back_to_it(browse: Browse, alder: Client) -> None:
    asked = {"for": "client", "client": str(alder.pk)}
    page = browse(ALICE).get(page_url("person_invite"), asked).content.decode()
    assert page.count(f'href="{page_url("client_detail", alder.pk)}"') == 2
    page = browse(ALICE).get(page_url("person_invite"), {"client": "x"}).content.decode()
    assert page.count("Alder Consulting") == 0


def test_no_currency_is_chosen_for_somebody(browse: Browse) -> None:
    page = browse(BOB).get(page_url("client_add")).content.decode()
    assert 'value="EUR"' not in page


def test_finance_sees_clients_and_cannot_change_them(browse: Browse, alder: Client) -> None:
    browser = browse(ERIN)
    page = browser.get(page_url("client_list")).content.decode()
    assert "Add a client" not in page
    assert browser.get(page_url("client_add")).status_code == 403
    assert browser.post(page_url("client_edit", alder.pk), GOOD).status_code == 403


def test_the_list_says_how_each_client_is_and_its_bill_to_whoever_may_see_prices(
    browse: Browse, alder: Client
) -> None:
    Connection.objects.create(client=alder, name="CRM", connector="sandbox_crm")
    page = browse(ALICE).get(page_url("client_list")).content.decode()
    assert (page.count("All well"), page.count("No system connected yet")) == (1, 1)
    assert "Next statement" in page
    page = browse(DAVE).get(page_url("client_list")).content.decode()
    assert "All well" in page
    assert "Next statement" not in page


def test_a_client_that_does_not_exist_is_not_found(browse: Browse) -> None:
    assert browse(ALICE).get(page_url("client_edit", 999_999)).status_code == 404
