"""Whoever can sign a change is asked by mail, once for each revision of it."""

import pytest
from django.core import mail

from governance.actors import Actor
from governance.errors import InvalidProposal
from governance.services import changes
from tenants.accounts.models import Client
from tenants.outbox.models import OutgoingMail
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, BOB, CAROL, HEIDI, MALLORY
from tests.governance.governed import proposal

pytestmark = pytest.mark.usefixtures("governed")


def asked() -> list[str]:
    return sorted(OutgoingMail.objects.filter(kind="approval_asked").values_list("to", flat=True))


def test_those_who_can_sign_are_asked_and_its_author_is_not(
    bob: Actor, alice: Actor, alder: Client
) -> None:
    request = changes.propose(
        bob, title="Euros <b>", reason="Agreed.", changes=[proposal(alder, "EUR")]
    )
    assert {ALICE.email, CAROL.email} <= set(asked())
    assert BOB.email not in asked()
    assert MALLORY.email not in asked(), "another client's people"
    send_due()
    text = next(str(one.body) for one in mail.outbox if one.to == [CAROL.email])
    assert "Bob Tran proposes a change for Alder Consulting" in text
    assert f"http://admin.northwind.localhost/changes/{request.pk}/" in text
    portal = [str(one.body) for one in mail.outbox if one.to == [HEIDI.email]]
    assert all("http://northwind.localhost/approvals/" in one for one in portal)


def test_an_edit_asks_again_and_its_editor_no_more(bob: Actor, alice: Actor, alder: Client) -> None:
    request = changes.propose(bob, title="Euros", reason="r", changes=[proposal(alder, "EUR")])
    before = asked().count(CAROL.email)
    changes.edit(alice, request.pk, changes=[proposal(alder, "USD")])
    assert asked().count(CAROL.email) == before + 1
    assert asked().count(ALICE.email) == 1


def test_a_proposal_that_is_refused_asks_nobody(bob: Actor, alder: Client) -> None:
    with pytest.raises(InvalidProposal):
        changes.propose(bob, title="", reason="r", changes=[proposal(alder, "EUR")])
    assert asked() == []
