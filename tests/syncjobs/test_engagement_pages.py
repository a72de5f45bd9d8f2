"""Engagements at both doors and in the API: found, filtered, taken along, and nobody else's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from governance.actors import command_actor
from governance.models import AuditEntry
from syncjobs.models import CanonicalRecord
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tests.actors import ALICE, GRACE, MALLORY, Person
from tests.at_home import at_home, page_url
from tests.conftest import host_of
from tests.syncjobs.engaged import Firm, make_firm
from tests.syncjobs.test_dashboard import _queries

__all__ = ["at_home"]
Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
MOST_QUERIES = 22


@pytest.fixture
def firm(alder: Client, birch: Client) -> Firm:
    """Two engagements, of which the older has time that is stopped; another client has one, too."""
    made = make_firm(alder)
    made.engage()
    made.fail(made.work("T-1", "12.5"), "The ERP refuses it")
    made.engage("ENG-2")
    make_firm(birch).engage("ENG-BIRCH")
    return made


def listed(browser: Browser, query: str = "", door: str = "admin") -> list[str]:
    """Return the engagements of a list in their order."""
    page = browser.get(page_url("engagement_list", door=door) + query).content.decode()
    rows = page.split('class="ui-sub ui-mono">')[1:]
    return [row[: row.index("<")] for row in rows]


def text_of(browser: Browser, name: str, *args: object, door: str = "admin") -> str:
    return browser.get(page_url(name, *args, door=door)).content.decode()


def head(key: str = "P-1") -> CanonicalRecord:
    return CanonicalRecord.objects.get(key=key)


def test_the_list_shows_what_is_stopped_first_and_can_be_ordered(
    browse: Browse, firm: Firm
) -> None:
    browser = browse(ALICE)
    assert listed(browser)[0] == "ENG-1"
    assert listed(browser, "?sort=-engagement") == ["ENG-BIRCH", "ENG-2", "ENG-1"]
    assert listed(browser, "?sort=nonsense")[0] == "ENG-1"
    page = text_of(browser, "engagement_list")
    assert "12.5 h stopped" in page
    assert "3 of 3 systems" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=stopped", ["ENG-1"]),
        ("?state=moving", []),
        ("?q=move+2", ["ENG-2"]),
        ("?q=CT-2", ["ENG-2"]),
        ("?q=eng-1", ["ENG-1"]),
        ("?q=birch", ["ENG-BIRCH"]),
        ("?q=nothing", []),
    ],
)
def test_the_list_is_filtered_and_searched(
    browse: Browse, firm: Firm, query: str, found: list[str]
) -> None:
    assert listed(browse(ALICE), query) == found


def test_staff_narrow_the_list_to_one_client_and_its_page_leads_there(
    browse: Browse, firm: Firm
) -> None:
    browser = browse(ALICE)
    narrowed = f"?client={firm.client.pk}"
    assert listed(browser, narrowed) == ["ENG-1", "ENG-2"]
    page = text_of(browser, "client_detail", firm.client.pk)
    assert page_url("engagement_list") + narrowed in page
    assert "1 of 2 stopped" in page


def test_a_clients_people_see_their_own_only(browse: Browse, firm: Firm) -> None:
    assert listed(browse(GRACE), door="portal") == ["ENG-1", "ENG-2"]
    assert listed(browse(MALLORY), f"?client={firm.client.pk}", "portal") == ["ENG-BIRCH"]
    address = page_url("engagement_detail", head().pk, door="portal")
    assert browse(GRACE).get(address).status_code == 200
    assert browse(MALLORY).get(address).status_code == 404


def test_the_page_answers_and_leads_to_what_it_rests_on(browse: Browse, firm: Firm) -> None:
    project, entry = head(), CanonicalRecord.objects.get(key="T-1")
    for person, door in ((ALICE, "admin"), (GRACE, "portal")):
        page = text_of(browse(person), "engagement_detail", project.pk, door=door)
        assert "Yes, in all 3 systems." in page
        assert "because The ERP refuses it" in page
        assert "psa-P-1" in page
        for name, pk in (
            ("record_detail", project.pk),
            ("delivery_detail", entry.deliveries.get().pk),
            ("exception_detail", entry.deliveries.get().issue_id),
        ):
            assert f'href="{page_url(name, pk, door=door)}"' in page, name
        assert page.index("Opportunity won") > page.index("What happened")


def test_a_milestone_stands_under_the_question_of_invoices(browse: Browse, firm: Firm) -> None:
    firm.hold(firm.record("milestone", "M-1", status="completed"), "erp", "time", "a signature")
    page = text_of(browse(ALICE), "engagement_detail", head().pk)
    time, invoice = page.index("Did approved time"), page.index("Is an invoice blocked")
    row = page.index('<th scope="row">Milestone')
    assert time < invoice < row


def test_an_invoice_that_no_system_has_is_not_called_a_draft(browse: Browse, firm: Firm) -> None:
    invoice = firm.record("invoice", "P-1:2026-10", status="draft")
    page = text_of(browse(ALICE), "engagement_detail", head().pk)
    assert "Not made yet" in page
    firm.put(invoice, "erp")
    page = text_of(browse(ALICE), "engagement_detail", head().pk)
    assert "Not made yet" not in page
    assert "Draft" in page


def test_any_record_of_an_engagement_leads_to_it_and_one_without_does_not(
    browse: Browse, firm: Firm
) -> None:
    browser = browse(ALICE)
    entry, alone = (
        CanonicalRecord.objects.get(key="T-1"),
        firm.record("customer", "C", engagement=""),
    )
    assert page_url("engagement_detail", entry.pk) in text_of(browser, "record_detail", entry.pk)
    assert "<h1>Move 1" in text_of(browser, "engagement_detail", entry.pk).replace(' class=""', "")
    assert "Its engagement" not in text_of(browser, "record_detail", alone.pk)
    assert browser.get(page_url("engagement_detail", alone.pk)).status_code == 404


def test_the_story_has_pages_and_is_told_from_the_beginning_on_request(
    browse: Browse, firm: Firm
) -> None:
    for number in range(40):
        firm.hold(firm.record("milestone", f"M-{number}"), "erp", "time", f"thing {number}")
    browser, address = browse(ALICE), page_url("engagement_detail", head().pk)
    first = browser.get(address).content.decode()
    last = browser.get(address + "?page=2").content.decode()
    assert "Page 1 of 2" in first
    assert "First seen: opportunity OPP-1" in last
    assert "First seen: opportunity OPP-1" not in first
    told = browser.get(address + "?order=oldest").content.decode()
    assert "First seen: opportunity OPP-1" in told


def test_the_list_is_taken_along_as_it_is_filtered(
    browse: Browse, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = page_url("engagement_export")
    rows = browse(ALICE).get(address + "?state=stopped").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert rows[1].startswith('ENG-1,Move 1,P-1,Alder Consulting,"Yes, in all 3 systems."')
    own = browse(MALLORY).get(page_url("engagement_export", door="portal")).content.decode()
    assert "ENG-BIRCH" in own
    assert "ENG-1" not in own
    assert browse(ALICE).get(address + "?format=xlsx").content[:2] == b"PK"
    told = AuditEntry.objects.filter(action="table.exported", object_id="engagements")
    assert [(one.client_id is None, one.after) for one in told.order_by("id")[:2]] == [
        (True, {"rows": 1}),
        (False, {"rows": 1}),
    ]
    monkeypatch.setattr("syncjobs.pages.engagements.MOST", 1)
    cut = browse(ALICE).get(address).content.decode("utf-8-sig").splitlines()
    assert len(cut) == 3
    assert cut[2].startswith("Only the first 1 of ")


def test_the_search_finds_engagements(browse: Browse, firm: Firm) -> None:
    page = browse(ALICE).get(page_url("search"), {"q": "eng-2"}).content.decode()
    assert page_url("engagement_detail", head("P-2").pk) in page
    own = browse(MALLORY).get(page_url("search", door="portal"), {"q": "move"}).content.decode()
    assert "ENG-BIRCH" in own
    assert "ENG-2" not in own


def test_the_list_takes_few_statements_however_many_are_shown(browse: Browse, firm: Firm) -> None:
    browser, address = browse(ALICE), page_url("engagement_list")
    few = len(_queries(browser, address))
    for number in range(3, 25):
        firm.engage(f"ENG-{number}")
        firm.fail(firm.work(f"T-{number}", "1", engagement=f"ENG-{number}"), f"Why {number}")
    queries = _queries(browser, address)
    assert len(queries) <= few + 1 <= MOST_QUERIES, "\n\n".join(queries)


# -- the API


def asked(person: Person, path: str, partner: Partner) -> tuple[int, Any]:
    user = User.objects.get(email=person.email)
    _, key = make_token(
        command_actor("tests"), user=user, name=f"t{timezone.now()}", scopes=["records.view"]
    )
    browser = Browser(headers={"host": host_of(person), "authorization": f"Bearer {key}"})
    answer = browser.get(f"/api/v1/{path}")
    return answer.status_code, json.loads(answer.content)


def test_programs_get_the_same_answers(firm: Firm, at_home: Partner) -> None:
    status, found = asked(ALICE, f"engagements/?client={firm.client.pk}", at_home)
    assert status == 200
    rows = {one["engagement"]: one for one in found["results"]}
    assert set(rows) == {"ENG-1", "ENG-2"}
    assert rows["ENG-1"]["answers"]["time"]["state"] == "problem"
    _, found = asked(ALICE, "engagements/?state=stopped", at_home)
    assert [one["engagement"] for one in found["results"]] == ["ENG-1"]
    _, one = asked(ALICE, f"engagements/{head().pk}/", at_home)
    assert one["answers"]["project"]["verdict"] == "Yes, in all 3 systems."
    assert [row["external_id"] for row in one["systems"]] == ["crm-OPP-1", "erp-CT-1", "psa-P-1"]
    assert [(row["fate"], row["hours"]) for row in one["work"]] == [("under_way", "12.50")]
    assert [row["reason"] for row in one["not_through"]] == ["The ERP refuses it"]
    assert one["contracts"] == ["CT-1"]
    assert "Opportunity won" in [line["title"] for line in one["story"]]


def test_a_program_of_another_client_gets_none_of_it(firm: Firm, at_home: Partner) -> None:
    _, found = asked(MALLORY, "engagements/", at_home)
    assert [one["engagement"] for one in found["results"]] == ["ENG-BIRCH"]
    assert asked(MALLORY, f"engagements/{head().pk}/", at_home)[0] == 404
    alone = firm.record("customer", "C", engagement="")
    assert asked(ALICE, f"engagements/{alone.pk}/", at_home)[0] == 404
