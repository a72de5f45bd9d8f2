"""Filters of lists under a name: one's own or the staff's; the address stays what counts."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts.models import SavedFilter
from tenants.accounts.services.filters import save_filter
from tests.actors import ALICE, BOB, DAVE, GRACE, MALLORY, Person
from tests.at_home import page_url

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")


def save(browser: Browser, door: str = "admin", **values: str) -> str:
    data = {"page": "client_list", "name": "Paused", "query": "status=paused&page=3", **values}
    return browser.post(page_url("filter_save", door=door), data)["Location"]


def test_a_list_is_saved_under_a_name_and_comes_back_by_its_address(browse: Browse) -> None:
    browser = browse(BOB)
    assert save(browser) == page_url("client_list") + "?status=paused"
    page = browser.get(page_url("client_list")).content.decode()
    assert f'href="{page_url("client_list")}?status=paused"' in page
    assert AuditEntry.objects.filter(action="filter.saved").count() == 1
    assert "Paused" not in browser.get(page_url("exception_list")).content.decode()


def test_the_form_stands_where_there_is_something_to_save(browse: Browse) -> None:
    browser = browse(BOB)
    assert "Save this filter" not in browser.get(page_url("client_list")).content.decode()
    page = browser.get(page_url("client_list"), {"q": '"><b>', "page": "1"}).content.decode()
    assert 'name="query" value="q=%22%3E%3Cb%3E"' in page


def test_the_same_name_takes_the_new_content(browse: Browse) -> None:
    browser = browse(BOB)
    save(browser)
    save(browser, query="status=left")
    assert [one.query for one in SavedFilter.objects.all()] == ["status=left"]


def test_a_filter_is_ones_own_until_it_is_shared_with_the_staff(browse: Browse) -> None:
    save(browse(BOB))
    assert "Paused" not in menu(browse(DAVE))
    save(browse(BOB), shared="on")
    assert "Paused" in menu(browse(DAVE))
    assert "Bob Tran" in menu(browse(DAVE))


def menu(browser: Browser) -> str:
    page = browser.get(page_url("client_list")).content.decode()
    return page.split("ui-saved")[1].split("</details>")[0] if "ui-saved" in page else ""


def test_only_its_maker_deletes_it_and_the_owner_a_shared_one(browse: Browse) -> None:
    save(browse(BOB))
    saved = SavedFilter.objects.get()
    address = page_url("filter_delete", saved.pk)
    assert browse(ALICE).post(address).status_code == 404
    save(browse(BOB), shared="on")
    assert browse(DAVE).post(address).status_code == 404
    assert browse(ALICE).post(address).status_code == 302
    assert not SavedFilter.objects.exists()
    assert AuditEntry.objects.filter(action="filter.deleted").count() == 1


def test_clients_people_keep_their_own_and_share_none(
    browse: Browse, actor: Callable[[Person], Actor]
) -> None:
    address = page_url("record_list", door="portal")
    assert save(browse(GRACE), "portal", page="record_list", query="q=x") == address + "?q=x"
    assert "Paused" in browse(GRACE).get(address).content.decode()
    assert "Paused" not in browse(MALLORY).get(address).content.decode()
    pk = SavedFilter.objects.get().pk
    assert browse(MALLORY).post(page_url("filter_delete", pk, door="portal")).status_code == 404
    with pytest.raises(NotPermitted):
        save_filter(actor(GRACE), page="record_list", name="x", query="q=x", shared=True)


@pytest.mark.parametrize(
    "values",
    [
        {"page": "sign_out"},
        {"page": "//evil.example"},
        {"query": ""},
        {"query": "page=2"},
        {"name": ""},
        {"name": "x" * 61},
        {"query": "q=" + "x" * 2_000},
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused(browse: Browse, values: dict[str, str]) -> None:
    location = save(browse(BOB), **values)
    assert location.startswith("/")
    assert not location.startswith("//")
    assert not SavedFilter.objects.exists()
