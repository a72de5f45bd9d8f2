"""Whom a change of the partner's own reaches: their freezes hold it, or it is an emergency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from branding.services.price_changes import PRICE_CHANGE
from governance import appliers
from governance.actors import Actor
from governance.appliers import governed_kinds
from governance.errors import ContentChanged, InvalidProposal, SignatureRefused
from governance.models import Change, ChangeRequest, Window
from governance.services import changes
from governance.services.details import request_detail
from governance.services.emergencies import review, rush
from tenants.accounts.models import Client
from tests import actors
from tests.at_home import page_url
from tests.branding.commerce import make_tier, put_on
from tests.governance.governed import MAPPING, approve, currency, proposal, propose

pytestmark = pytest.mark.usefixtures("governed", "at_home")
Browse = Callable[..., Browser]


def test_a_clients_freeze_holds_what_reaches_it_and_an_emergency_is_signed_anew(
    alder: Client,
    birch: Client,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    monkeypatch: pytest.MonkeyPatch,
    browse: Browse,
) -> None:
    """A change of the partner's own waits for every client that it reaches."""
    begun = {"mode": "freeze", "starts_at": timezone.now() - timedelta(hours=1)}
    ends = timezone.now() + timedelta(hours=2)
    Window.objects.create(name="Month end", client_id=birch.pk, ends_at=ends, **begun)
    partners = replace(proposal(alder, "USD", money=False), client_id=None)

    def ask(reached: list[int] | None) -> ChangeRequest:
        applier = appliers.applier_for(MAPPING)
        reaches = None if reached is None else (lambda change: reached)
        monkeypatch.setitem(appliers._registry, MAPPING, replace(applier, reaches=reaches))
        return changes.propose(bob, title="For all", reason="r", changes=[partners])

    # Birch is none of whom it reaches; what says nothing reaches everybody.
    assert approve(carol, ask([alder.pk])).status == "applied"
    Client.objects.filter(pk=alder.pk).update(currency="EUR")
    held = ask(None)
    page = browse(actors.CAROL).get(page_url("change_detail", held.pk)).content.decode()
    assert "before the freeze “Month end” of Birch Systems is over" in page
    held = approve(carol, held)
    assert (held.status, held.scheduled_for, currency(alder)) == ("scheduled", ends, "EUR")
    assert "of Birch Systems" in held.notice
    ChangeRequest.objects.filter(pk=held.pk).update(risk={**held.risk, "weakens": True})
    with pytest.raises(InvalidProposal, match="no emergency"):
        rush(alice, held.pk, content_hash=held.content_hash, reason="Payroll.")
    ChangeRequest.objects.filter(pk=held.pk).update(risk=held.risk)
    stored = held.changes.get()
    Change.objects.filter(pk=stored.pk).update(content={**stored.content, "currency": "CHF"})
    with pytest.raises(ContentChanged):
        rush(alice, held.pk, content_hash=held.content_hash, reason="Payroll.")
    Change.objects.filter(pk=stored.pk).update(content=stored.content)
    live = rush(alice, held.pk, content_hash=held.content_hash, reason="Payroll.")
    assert (live.status, live.awaits_review, currency(alder)) == ("applied", True, "USD")
    # Nobody had signed that it breaks a freeze: the signature from before does not count.
    assert request_detail(carol, live.pk).missing
    with pytest.raises(SignatureRefused):
        review(alice, live.pk, content_hash=live.content_hash)
    assert review(carol, live.pk, content_hash=live.content_hash).reviewed_at is not None
    # A client's own change names no other client.
    own = approve(carol, propose(bob, birch, "CHF", money=False))
    assert "of Birch" not in own.notice


def test_each_kind_says_whom_it_reaches(alder: Client, birch: Client) -> None:
    tier = make_tier()
    put_on(alder, tier, date(2026, 10, 1))
    change = Change(kind="tier_prices", target_id=str(tier.pk), content={})
    reaches = PRICE_CHANGE.reaches
    assert reaches is not None
    assert list(reaches(change)) == [alder.pk]
    # Nothing that is booked: how things look, and who may change them.
    nobody = {
        kind
        for kind in governed_kinds()
        if appliers.applier_for(kind).reaches is appliers.reaches_nobody
    }
    assert nobody == {"brand", "approval_policy", "change_window", "role", "anchor_mail"}
