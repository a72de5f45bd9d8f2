"""The impact preview on the pages of those who sign, and a change's whole story."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone

from branding.pdf.evidence import evidence_html
from branding.services.identity import current_identity
from governance.actors import Actor
from governance.evidence import Period
from governance.models import ChangeRequest
from governance.services.evidence import collect
from governance.services.impact_views import moved_amounts
from governance.services.impacts import ask
from governance.services.policies import ensure_default_policies
from mappings.services.versions import ensure_mapping
from syncjobs.engine.drain import drain
from tenants.accounts.models import Client
from tests import actors
from tests.actors import Person
from tests.at_home import at_home
from tests.syncjobs.billed import DEARER, HOURS, LINES, billed_hours, propose_rules

pytestmark = pytest.mark.usefixtures("at_work", "at_home")
__all__ = ["at_home"]
ActorOf = Callable[[Person], Actor]


@pytest.fixture
def bob(northwind: object, actor: ActorOf) -> Actor:
    ensure_default_policies()
    return actor(actors.BOB)


def test_the_page_shows_progress_then_the_money_and_only_then_the_button(
    alder: Client, bob: Actor, browse: Callable[..., Browser]
) -> None:
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    carol = browse(actors.CAROL)
    page = carol.get(f"/changes/{request.pk}/").content.decode()
    assert "The impact preview is being made" in page
    assert "Approve</button>" not in page
    assert "Reject</button>" in page
    fragment = carol.get(f"/changes/{request.pk}/impact/")
    assert "HX-Refresh" not in fragment
    assert 'hx-trigger="every 2s"' in fragment.content.decode()
    drain()
    assert carol.get(f"/changes/{request.pk}/impact/")["HX-Refresh"] == "true"
    page = carol.get(f"/changes/{request.pk}/").content.decode()
    assert page.count("+12,430.00") == 2  # beside the button, and in the table
    assert "80025.00" in page
    assert "88027.50" in page
    assert "Approve</button>" in page
    # Frank reads; he neither proposes nor signs, so he starts nothing.
    frank = browse(actors.FRANK)
    assert frank.post(f"/changes/{request.pk}/impact/again/").status_code == 403


def test_a_list_tells_no_amount_of_a_preview_that_is_being_made_anew(
    alder: Client, bob: Actor
) -> None:
    mapping, _, _ = billed_hours(alder, HOURS)
    request = propose_rules(bob, mapping)
    drain()
    ((moved,),) = moved_amounts([request.pk]).values()
    assert (moved.amount, moved.currency) == (Decimal("12430.00"), "EUR")
    ask(request, list(request.changes.all()))
    assert moved_amounts([request.pk]) == {}


def _post_signature(browser: Browser, page: str, request: ChangeRequest) -> str:
    """Press Approve as the page shows it; return the page that follows."""
    text = browser.get(page).content.decode()
    assert "+12,430.00" in text
    shown = re.search(r'name="content_hash" value="([0-9a-f]{64})"', text)
    assert shown is not None
    answer = browser.post(f"{page}approve/", {"content_hash": shown[1]}, follow=True)
    return answer.content.decode()


def test_the_story_from_the_proposal_to_the_auditors_paper(
    alder: Client, birch: Client, bob: Actor, actor: ActorOf, browse: Callable[..., Browser]
) -> None:
    billed_hours(alder, HOURS)
    billed_hours(birch, ["10"])
    own = ensure_mapping(
        bob,
        slug="line-out",
        name="Lines of Alder",
        direction="outbound",
        canonical="time_entry",
        object="time_entrys",
        document={"rules": LINES},
        client_id=alder.pk,
    )
    request = propose_rules(bob, own)
    drain()
    page = _post_signature(browse(actors.CAROL), f"/changes/{request.pk}/", request)
    assert "It still needs the signature of Alder Consulting" in page
    # The client's finance lead sees the same figure, and its own records only.
    heidi, mallory = browse(actors.HEIDI), browse(actors.MALLORY)
    home = heidi.get("/").content.decode()
    assert home.index("+12,430.00") > home.index(f"Approve: {request.title}")
    assert "+12,430.00" in heidi.get("/approvals/").content.decode()
    assert f"T-{birch.pk}-0" not in heidi.get(f"/approvals/{request.pk}/").content.decode()
    assert mallory.get(f"/approvals/{request.pk}/impact/").status_code == 404
    page = _post_signature(heidi, f"/approvals/{request.pk}/", request)
    assert "Signed. The change is live." in page
    own.refresh_from_db()
    assert own.live is not None
    assert own.live.document == {"rules": DEARER}

    period = Period(timezone.now() - timedelta(hours=1), timezone.now() + timedelta(minutes=1))
    found = collect(actor(actors.FRANK), period)
    paper = evidence_html(found, current_identity())
    for told in (
        "124,300.00 before, ",
        "part of what was signed",
        "Carol Diaz",
        "Heidi Brandt",
        "removed: lineAmount",
        "The two agree.",
    ):
        assert told in paper
    assert [row[4] for row in found.stories[0].approvals] == ["Yes", "Yes"]
