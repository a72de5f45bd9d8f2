"""What people say to each other about a change."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from governance import correlation
from governance.actors import Actor
from governance.errors import InvalidProposal
from governance.models import ChangeRequest
from governance.services import comments
from governance.services.comments import comment
from governance.services.details import request_detail
from tenants.accounts.models import Client
from tenants.outbox.models import OutgoingMail
from tests import actors
from tests.actors import Person
from tests.governance.governed import propose

pytestmark = pytest.mark.usefixtures("governed")


def test_a_comment_is_kept_and_tells_whom_it_names(
    alder: Client, birch: Client, bob: Actor, actor: Callable[[Person], Actor]
) -> None:
    request = propose(bob, alder)
    with correlation.scope(actor=bob, door="admin"):
        comment(bob, request.pk, text="@heidi@alder.example, @mallory@birch.example: October too?")
    said = request_detail(bob, request.pk).comments
    assert [(one.actor_label.partition(" <")[0], "October" in one.reason) for one in said] == [
        ("Bob Tran", True)
    ]
    mails = OutgoingMail.objects.filter(kind="change_comment")
    assert [mail.to for mail in mails] == ["heidi@alder.example"]
    with pytest.raises(ChangeRequest.DoesNotExist):
        comment(actor(actors.MALLORY), request.pk, text="Hello")
    with pytest.raises(InvalidProposal, match="1 to 2,000"):
        comment(bob, request.pk, text=" ")


def test_of_many_comments_the_latest_are_shown(
    alder: Client, bob: Actor, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments, "SHOWN", 2)
    request = propose(bob, alder)
    with correlation.scope(actor=bob, door="admin"):
        for text in ("One", "Two", "Three"):
            comment(bob, request.pk, text=text)
    detail = request_detail(bob, request.pk)
    assert ([one.reason for one in detail.comments], detail.earlier_comments) == (
        ["Two", "Three"],
        1,
    )
    page = browse(actors.BOB).get(f"/changes/{request.pk}/").content.decode()
    assert "1 earlier one is in the audit trail" in page
    assert page.index("<p>Two</p>") < page.index("<p>Three</p>")
