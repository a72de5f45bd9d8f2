"""Making again what is gone in a target, and working on exceptions, on pages and by programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags

from governance.models import AuditEntry
from syncjobs.models import Delivery, Issue
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import BUILDER, Lab

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")

WHY = "It was deleted by mistake."
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def _can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncjobs.services.anew.can_look_up", lambda _: True)


@pytest.fixture
def gone(lab: Lab) -> int:
    """An exception over two customers that somebody deleted in the target."""
    for id_ in ("1", "2"):
        lab.put_customer(id_)
    lab.drain()
    for id_ in ("1", "2"):
        lab.target.delete_by_hand(f"C-{id_}")
        lab.put_customer(id_, name="New")
    lab.drain()
    return Issue.objects.get(kind="gone_there").pk


@pytest.fixture
def ask(lab: Lab, browse: Callable[..., Browser]) -> Ask:
    """Asks the API as a program of somebody's (Dave's)."""

    def asked(
        place: str, who: actors.Person = actors.DAVE, door: str = "admin.northwind", **body: object
    ) -> tuple[int, Any]:
        user = User.objects.get(email=who.email)
        scopes = ["exceptions.view", "exceptions.work"]
        text = make_token(BUILDER, user=user, name="t", scopes=scopes)[1]
        caller = browse(None, host=f"{door}.localhost")
        bearer = {"Authorization": f"Bearer {text}"}
        url = f"/api/v1/{place}/"
        answer = (
            caller.post(url, body, "application/json", headers=bearer)
            if body
            else caller.get(url, headers=bearer)
        )
        return answer.status_code, answer.json()

    return asked


def test_the_page_says_what_it_comes_to_and_makes_all_again(
    gone: int, lab: Lab, browse: Callable[..., Browser]
) -> None:
    staff, place = browse(actors.DAVE), page_url("exception_detail", gone)
    text = " ".join(strip_tags(staff.get(place).content.decode()).split())
    assert "2: Verify first. It was there, and is said to be gone." in text
    act = page_url("exception_make_again", gone)
    assert "Say why" in staff.post(act, {"reason": ""}, follow=True).content.decode()
    told = staff.post(act, {"reason": WHY}, follow=True).content.decode()
    assert "2 records are made again there." in told
    lab.drain()
    assert lab.target.created("C-1") == lab.target.created("C-2") == 2


def test_several_exceptions_are_made_again_or_skipped_together(
    gone: int, lab: Lab, browse: Callable[..., Browser]
) -> None:
    staff = browse(actors.DAVE)
    place = page_url("exceptions_selected")
    page = staff.get(place, {"id": gone}).content.decode()
    assert page_url("exceptions_selected_make_again") in page
    act = page_url("exceptions_selected_skip")
    told = staff.post(act, {"id": gone, "reason": WHY}, follow=True).content.decode()
    assert "Skipped 2." in told
    again = staff.post(act, {"id": gone, "reason": WHY}, follow=True).content.decode()
    assert "is open any more" in again
    assert Delivery.objects.filter(state="skipped").count() == 2


def test_a_delivery_that_was_deleted_since_is_made_again_from_its_page(
    lab: Lab, browse: Callable[..., Browser]
) -> None:
    lab.put_customer("1")
    lab.drain()
    lab.target.delete_by_hand("C-1")
    staff, delivery = browse(actors.DAVE), lab.delivery("C-1")
    assert (
        "Was it deleted there?"
        in staff.get(page_url("delivery_detail", delivery.pk)).content.decode()
    )
    staff.post(page_url("delivery_make_again", delivery.pk), {"reason": WHY})
    lab.drain()
    assert lab.target.created("C-1") == 2
    entry = AuditEntry.objects.get(action="delivery.made_again")
    assert (entry.reason, entry.actor_label) == (WHY, "Dave Novak <dave@partner.example>")


def test_a_program_sees_the_verdict_and_makes_it_again(gone: int, lab: Lab, ask: Ask) -> None:
    _, told = ask(f"exceptions/{gone}")
    (verdict,) = told["make_again_preview"]
    assert (verdict["count"], verdict["answer"]) == (2, "verify")
    assert told["retry_preview"][0]["effect"] == "Fails again unless it is back."
    assert "make it again" in told["next_step"]
    assert ask(f"exceptions/{gone}/make-again", reason="")[0] == 400
    failed = Delivery.objects.filter(state="failed").order_by("pk")
    first = failed[0].pk
    status, one = ask(f"deliveries/{first}/make-again", reason=WHY)
    assert (status, one["state"]) == (200, "pending")
    assert ask(f"exceptions/{gone}/make-again", reason=WHY)[0] == 200
    assert not failed.exists()
    assert ask(f"exceptions/{gone}/skip", reason=WHY)[0] in (400, 422), "nothing is gone now"


def test_a_program_skips_what_is_gone(gone: int, ask: Ask) -> None:
    status, told = ask(f"exceptions/{gone}/skip", reason=WHY)
    assert (status, told["state"]) == (200, "resolved")


def test_a_program_gives_it_to_somebody_comments_and_resolves(gone: int, ask: Ask) -> None:
    dave, frank = (User.objects.get(email=one.email) for one in (actors.DAVE, actors.FRANK))
    status, told = ask(f"exceptions/{gone}/assign", owner=dave.pk)
    assert (status, told["owner"], told["state"]) == (200, dave.pk, "assigned")
    status, told = ask(f"exceptions/{gone}/comment", text="Asked them.")
    assert told["entries"][0]["text"] == "Asked them."
    assert ask(f"exceptions/{gone}/assign", owner=None)[1]["state"] == "open"
    assert ask(f"exceptions/{gone}/assign", owner=10**9)[0] == 400
    assert ask(f"exceptions/{gone}/assign", owner=frank.pk)[0] in (400, 422), "who may only look"
    assert ask(f"exceptions/{gone}/resolve", reason=WHY, skip="no")[1]["state"] == "resolved"
    assert Delivery.objects.filter(issue=gone, state="failed").exists()


def test_a_clients_program_gives_it_to_its_own_people_only(gone: int, ask: Ask) -> None:
    alder = {"who": actors.GRACE, "door": "northwind"}
    dave, grace, mallory = (
        User.objects.get(email=one.email) for one in (actors.DAVE, actors.GRACE, actors.MALLORY)
    )
    for other in (dave, mallory):
        assert ask(f"exceptions/{gone}/assign", **alder, owner=other.pk)[0] == 400
    assert ask(f"exceptions/{gone}/assign", **alder, owner=grace.pk)[0] == 200
    stranger = {"who": actors.MALLORY, "door": "northwind"}
    assert ask(f"exceptions/{gone}/comment", **stranger, text="Mine?")[0] == 404
