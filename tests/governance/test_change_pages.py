"""Change requests as people meet them: in the staff's pages and in the portal."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance.actors import Actor
from governance.models import AuditEntry, ChangeRequest, Policy
from governance.services import changes
from tenants.accounts.models import Client
from tests import actors
from tests.governance.governed import approve, currency, proposal, propose

pytestmark = pytest.mark.usefixtures("governed", "at_home")
Browse = Callable[..., Browser]


def _text(browser: Browser, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def _sign(browser: Browser, prefix: str, request: ChangeRequest, content_hash: str = "") -> str:
    """Press Approve, follow the redirect, and return the page."""
    response = browser.post(
        f"/{prefix}/{request.pk}/approve/",
        {"content_hash": content_hash or request.content_hash, "comment": "Read it."},
        follow=True,
    )
    assert response.status_code == 200
    return response.content.decode()


def _reload(request: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.get(pk=request.pk)


def test_the_page_shows_what_is_to_be_signed(alder: Client, bob: Actor, browse: Browse) -> None:
    request = propose(bob, alder)
    page = _text(browse(actors.CAROL), f"/changes/{request.pk}/")
    assert "Bill Alder Consulting in USD" in page
    assert "They moved." in page
    assert 'data-sign="-"' in page
    assert "currency: EUR" in page
    assert 'data-sign="+"' in page
    assert "currency: USD" in page
    assert "Touches money" in page
    assert "It alters an amount." in page
    assert "1 approval by somebody who did not write it" in page
    assert "he signature of Alder Consulting" in page
    assert f'name="content_hash" value="{request.content_hash}"' in page


def test_staff_and_client_sign_on_their_own_hosts_and_it_goes_live(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    said = _sign(browse(actors.CAROL), "changes", request)
    assert "Signed. It still needs the signature of Alder Consulting." in said
    portal = browse(actors.HEIDI)
    assert "Bill Alder Consulting in USD" in _text(portal, "/approvals/")
    assert "Signed. The change is live." in _sign(portal, "approvals", request)
    assert currency(alder) == "USD"
    history = _text(browse(actors.CAROL), f"/changes/{request.pk}/")
    assert history.index("Applied a change") < history.index("Signed a change")
    assert "Read it." in history
    signed = AuditEntry.objects.filter(action="change.signed", object_id=str(request.pk))
    assert [(one.door, one.actor_kind, one.address) for one in signed.order_by("id")] == [
        ("admin", "person", "127.0.0.1"),
        ("portal", "person", "127.0.0.1"),
    ]
    assert len({one.correlation_id for one in signed}) == 2


def test_an_author_gets_no_form_and_is_refused_all_the_same(
    alder: Client, alice: Actor, browse: Browse
) -> None:
    request = propose(alice, alder, money=False)
    browser = browse(actors.ALICE)
    page = _text(browser, f"/changes/{request.pk}/")
    assert "Approve</button>" not in page
    assert "somebody else must decide" in page
    assert "somebody else must decide" in _sign(browser, "changes", request)
    assert _reload(request).status == "submitted"
    assert currency(alder) == "EUR"


def test_a_form_of_an_older_revision_signs_nothing(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder, money=False)
    browser = browse(actors.CAROL)
    assert "not what you read" in _sign(browser, "changes", request, "0" * 64)
    assert "was altered" in _sign(browser, "changes", request, "x")
    assert _reload(request).approvals.count() == 0


def test_a_moved_base_is_shown_before_anybody_signs(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder, money=False)
    Client.objects.filter(pk=alder.pk).update(currency="CHF")
    browser = browse(actors.CAROL)
    assert "What it changes has moved" in _text(browser, f"/changes/{request.pk}/")
    assert "version CHF is live" in _sign(browser, "changes", request)
    assert "Signed. The change is live." in _sign(browser, "changes", _reload(request))


def test_a_target_that_is_gone_does_not_break_the_page(
    bob: Actor, alice: Actor, browse: Browse
) -> None:
    gone = Client.objects.create(name="Gone", slug="gone", currency="EUR")
    request = propose(bob, gone, money=False)
    gone.delete()
    page = _text(browse(actors.CAROL), f"/changes/{request.pk}/")
    assert "nothing is live" in page
    assert "nothing is live" in _sign(browse(actors.CAROL), "changes", request)
    after = _reload(request)
    assert after.changes.get().diff == [["-", "Currency of Gone is no longer there."]]


@pytest.mark.parametrize("step", ["approve", "reject"])
def test_somebody_without_the_permission_is_refused_at_the_door(
    alder: Client, alice: Actor, browse: Browse, step: str
) -> None:
    request = propose(alice, alder)
    data = {"content_hash": request.content_hash, "comment": "x"}
    for person, prefix in ((actors.BOB, "changes"), (actors.GRACE, "approvals")):
        response = browse(person).post(f"/{prefix}/{request.pk}/{step}/", data)
        assert response.status_code == 403
    assert _reload(request).status == "submitted"


def test_another_clients_request_does_not_exist_in_the_portal(
    birch: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, birch)
    portal = browse(actors.HEIDI)
    data = {"content_hash": request.content_hash, "comment": "x"}
    assert portal.get(f"/approvals/{request.pk}/").status_code == 404
    assert portal.post(f"/approvals/{request.pk}/approve/", data).status_code == 404
    assert portal.post(f"/approvals/{request.pk}/reject/", data).status_code == 404
    assert "Birch" not in _text(portal, "/approvals/")
    assert _reload(request).status == "submitted"


def test_nobody_signed_in_is_sent_to_sign_in(alder: Client, bob: Actor, browse: Browse) -> None:
    request = propose(bob, alder)
    for host, path in (
        ("admin.northwind.localhost", f"/changes/{request.pk}/"),
        ("northwind.localhost", f"/approvals/{request.pk}/"),
        ("admin.northwind.localhost", "/changes/audit/"),
    ):
        response = browse(None, host=host).get(path)
        assert response.status_code == 302
        assert "sign" in response["Location"]


def test_a_client_rejects_with_a_reason_and_only_with_one(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    portal = browse(actors.HEIDI)
    path = f"/approvals/{request.pk}/reject/"
    assert (
        "Say why it is rejected."
        in portal.post(path, {"comment": ""}, follow=True).content.decode()
    )
    assert _reload(request).status == "submitted"
    portal.post(path, {"comment": "Not our rate."})
    assert _reload(request).status == "rejected"
    assert "Not our rate." in _text(browse(actors.BOB), f"/changes/{request.pk}/")


def test_staff_reject_with_a_reason(alder: Client, bob: Actor, browse: Browse) -> None:
    request = propose(bob, alder)
    browser = browse(actors.CAROL)
    data = {"comment": "The amendment is missing."}
    page = browser.post(f"/changes/{request.pk}/reject/", data, follow=True).content.decode()
    assert "Rejected by Carol Diaz" in page
    assert "The amendment is missing." in page
    assert "Bill Alder Consulting in USD" in _text(browser, "/changes/?show=closed")


def test_what_is_live_is_listed_with_what_was_and_became(
    alder: Client, bob: Actor, carol: Actor, browse: Browse
) -> None:
    request = approve(carol, propose(bob, alder, money=False))
    browser = browse(actors.FRANK)
    assert "Bill Alder Consulting in USD" in _text(browser, "/changes/?show=live")
    page = _text(browser, f"/changes/{request.pk}/")
    assert "What was and what became" in page
    assert "Signing needs the role" not in page
    assert "EUR" in page


@pytest.mark.parametrize("path", ["/changes/{}/", "/approvals/{}/"])
def test_a_request_that_never_was_is_404(alice: Actor, browse: Browse, path: str) -> None:
    browser = browse(actors.ALICE if path.startswith("/changes") else actors.HEIDI)
    assert browser.get(path.format(987654)).status_code == 404


def test_the_reader_is_told_why_there_is_no_button(
    alder: Client, bob: Actor, carol: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    assert "Signing needs the role" in _text(browse(actors.FRANK), f"/changes/{request.pk}/")
    approve(carol, request)
    assert "You have signed" in _text(browse(actors.CAROL), f"/changes/{request.pk}/")
    routine = propose(bob, alder, "GBP", money=False)
    portal = _text(browse(actors.HEIDI), f"/approvals/{routine.pk}/")
    assert "does not need your company" in portal


def test_its_author_withdraws_it(alder: Client, bob: Actor, browse: Browse) -> None:
    request = propose(bob, alder)
    assert "/withdraw/" not in _text(browse(actors.ALICE), f"/changes/{request.pk}/")
    browse(actors.BOB).post(f"/changes/{request.pk}/withdraw/", {})
    assert _reload(request).status == "withdrawn"


def test_an_approved_request_is_applied_by_the_button(
    alder: Client, bob: Actor, carol: Actor, browse: Browse
) -> None:
    Policy.objects.update(auto_apply=False)
    request = approve(carol, propose(bob, alder, money=False))
    browser = browse(actors.BOB)
    assert "Apply now" in _text(browser, f"/changes/{request.pk}/")
    page = browser.post(f"/changes/{request.pk}/apply/", follow=True).content.decode()
    assert "The change is live." in page
    assert currency(alder) == "USD"


def test_the_list_finds_what_waits_for_me_by_state_and_by_words(
    alder: Client, birch: Client, bob: Actor, carol: Actor, browse: Browse
) -> None:
    signed, open_one = propose(bob, alder), propose(bob, birch, "GBP")
    approve(carol, signed)
    browser = browse(actors.CAROL)
    mine = _text(browser, "/changes/?show=mine")
    assert "Bill Birch Systems in GBP" in mine
    assert "Bill Alder Consulting" not in mine
    found = _text(browser, "/changes/?q=alder")
    assert "Bill Alder Consulting in USD" in found
    assert "Bill Birch" not in found
    assert "Nothing here" in _text(browser, "/changes/?show=closed")
    assert f"/changes/{open_one.pk}/" in _text(browser, "/changes/?show=nonsense&page=99")


def test_text_of_people_never_becomes_markup(alder: Client, bob: Actor, browse: Browse) -> None:
    evil = "<script>alert(1)</script>"
    request = changes.propose(
        bob, title=evil, reason=evil, ticket=evil, changes=[proposal(alder, evil)]
    )
    for browser, path in (
        (browse(actors.CAROL), f"/changes/{request.pk}/"),
        (browse(actors.CAROL), "/changes/"),
        (browse(actors.ALICE), "/changes/audit/"),
        (browse(actors.HEIDI), f"/approvals/{request.pk}/"),
        (browse(actors.HEIDI), "/approvals/"),
    ):
        page = _text(browser, path)
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_what_stays_as_it_is_folds_away_beside_what_changes(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    lines = [[" ", f"rule {number}"] for number in range(4)]
    request.changes.update(diff=[*lines, ["-", "before"], ["+", "after"]])
    page = _text(browse(actors.CAROL), f"/changes/{request.pk}/")
    shown, _, folded = page.partition("With the 4 lines that stay as they are")
    assert "rule 0" not in shown
    assert "rule 0" in folded
    request.changes.update(diff=[*lines[1:], ["-", "before"], ["+", "after"]])
    assert "stay as they are" not in _text(browse(actors.CAROL), f"/changes/{request.pk}/")


def test_lists_go_by_what_a_heading_asks_for_and_keep_it_with_the_filter(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    numbers = [propose(bob, alder).pk for _ in range(2)]
    for number, title in zip(numbers, ("Second", "First"), strict=True):
        ChangeRequest.objects.filter(pk=number).update(title=title)
    browser = browse(actors.CAROL)
    page = _text(browser, "/changes/?show=open&sort=title")
    assert page.index("First") < page.index("Second")
    page = _text(browser, "/changes/?show=open&sort=-title")
    assert page.index("Second") < page.index("First")
    assert "show=live&amp;sort=-title" in page


def test_a_client_pages_through_the_other_changes_of_its_company(
    alder: Client, bob: Actor, browse: Browse
) -> None:
    request = propose(bob, alder)
    ChangeRequest.objects.filter(pk=request.pk).update(status="applied")
    copies = [ChangeRequest(**_columns(request, title=f"Change {n:02d}")) for n in range(30)]
    ChangeRequest.objects.bulk_create(copies)
    portal = browse(actors.HEIDI)
    first = _text(portal, "/approvals/?sort=title")
    assert "Change 00" in first
    assert "Change 29" not in first
    assert "Change 29" in _text(portal, "/approvals/?sort=title&page=2")


def _columns(request: ChangeRequest, **changes: object) -> dict[str, object]:
    row = ChangeRequest.objects.filter(pk=request.pk).values().get()
    return {name: value for name, value in row.items() if name != "id"} | changes
