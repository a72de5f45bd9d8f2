"""Change requests and the audit trail for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from governance.actions import CHANGE_PROPOSED
from governance.actors import Actor
from governance.models import AuditEntry, ChangeRequest, Policy
from governance.services import audit
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.governance.governed import approve, currency, propose

pytestmark = pytest.mark.usefixtures("governed", "at_home")
CHANGES, TRAIL = "/api/v1/change-requests/", "/api/v1/audit-entries/"
Call = Callable[..., Any]


@pytest.fixture
def call(alice: Actor) -> Call:
    """Make a token of the owner's with the scopes, and call with it."""

    def calling(
        method: str,
        path: str,
        *scopes: str,
        client: Client | None = None,
        data: dict[str, object] | None = None,
    ) -> Any:
        owner = User.objects.get(email=actors.ALICE.email)
        _, text = make_token(alice, user=owner, name="CI", scopes=scopes, client=client)
        browser = Browser(
            headers={"host": "admin.northwind.localhost", "authorization": f"Bearer {text}"}
        )
        send = getattr(browser, method)
        return send(
            path, data or {}, **({} if method == "get" else {"content_type": "application/json"})
        )

    return calling


def test_a_token_reads_requests_with_their_differences_and_signatures(
    alder: Client, bob: Actor, carol: Actor, call: Call
) -> None:
    request = propose(bob, alder)
    approve(carol, request, "Fine.")
    rows = call("get", CHANGES, "changes.view").json()["results"]
    assert [row["id"] for row in rows] == [request.pk]
    one = call("get", f"{CHANGES}{request.pk}/", "changes.view").json()
    assert one["changes"][0]["diff"] == [["-", "currency: EUR"], ["+", "currency: USD"]]
    assert one["approvals"][0]["comment"] == "Fine."
    assert one["risk"]["touches_money"] is True


def test_a_token_never_signs_and_the_answer_says_why(alder: Client, bob: Actor, call: Call) -> None:
    request = propose(bob, alder, money=False)
    body: dict[str, object] = {"content_hash": request.content_hash}
    answer = call("post", f"{CHANGES}{request.pk}/approve/", "changes.approve", data=body)
    assert answer.status_code == 403
    assert "Only a person who has signed in" in answer.json()["error"]["message"]
    assert ChangeRequest.objects.get(pk=request.pk).approvals.count() == 0
    assert currency(alder) == "EUR"


def test_a_token_applies_what_people_approved_and_nothing_else(
    alder: Client, bob: Actor, carol: Actor, call: Call
) -> None:
    Policy.objects.update(auto_apply=False)
    request = propose(bob, alder, money=False)
    path = f"{CHANGES}{request.pk}/apply/"
    early = call("post", path, "changes.apply")
    assert early.status_code == 409
    assert "waiting for approval" in early.json()["error"]["message"]
    approve(carol, request)
    assert call("post", path, "changes.apply").json()["status"] == "applied"
    assert currency(alder) == "USD"
    entry = AuditEntry.objects.filter(action="change.applied").latest("id")
    assert (entry.actor_kind, entry.door) == ("token", "api")


def test_every_call_needs_its_scope(alder: Client, bob: Actor, call: Call) -> None:
    request = propose(bob, alder)
    for method, path in (
        ("get", CHANGES),
        ("get", f"{CHANGES}{request.pk}/"),
        ("post", f"{CHANGES}{request.pk}/approve/"),
        ("post", f"{CHANGES}{request.pk}/apply/"),
        ("get", TRAIL),
    ):
        assert call(method, path, "clients.view").status_code == 403, path


def test_a_clients_token_knows_its_own_client_only(
    alder: Client, birch: Client, bob: Actor, call: Call
) -> None:
    own, foreign = propose(bob, alder), propose(bob, birch)
    rows = call("get", CHANGES, "changes.view", client=alder).json()["results"]
    assert [row["id"] for row in rows] == [own.pk]
    path = f"{CHANGES}{foreign.pk}/"
    assert call("get", path, "changes.view", client=alder).status_code == 404
    assert call("post", f"{path}apply/", "changes.apply", client=alder).status_code == 404
    trail = call("get", TRAIL, "audit.view", client=alder).json()["results"]
    assert {row["client_id"] for row in trail} == {alder.pk}


def test_the_list_is_filtered_and_a_wrong_filter_is_an_error(
    alder: Client, birch: Client, bob: Actor, call: Call
) -> None:
    propose(bob, alder)
    assert call("get", f"{CHANGES}?status=applied", "changes.view").json()["results"] == []
    for client, number in ((alder, 1), (birch, 0)):
        found = call("get", f"{CHANGES}?client={client.pk}", "changes.view").json()["results"]
        assert [row["client"] for row in found] == [client.pk] * number
        told = call("get", f"{TRAIL}?client={client.pk}", "audit.view").json()["results"]
        assert {row["client_id"] for row in told} <= {client.pk}
    for query in ("status=nonsense", "client=x", f"client={2**70}"):
        assert call("get", f"{CHANGES}?{query}", "changes.view").status_code == 400


@pytest.mark.parametrize("number", ["0", "999999999999999999", "9" * 30, "-1", "1.5", "x"])
def test_a_request_that_does_not_exist_is_404(alice: Actor, call: Call, number: str) -> None:
    assert call("get", f"{CHANGES}{number}/", "changes.view").status_code == 404
    assert call("post", f"{CHANGES}{number}/apply/", "changes.apply").status_code == 404


def test_the_trail_is_paged_newest_first_and_filtered(alice: Actor, call: Call) -> None:
    for number in range(120):
        audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=number)
    seen: list[int] = []
    path = f"{TRAIL}?object_kind=lamp"
    while path:
        page = call("get", path, "audit.view").json()
        seen += [int(row["object_id"]) for row in page["results"]]
        path = page["next"]
    assert seen == list(range(119, -1, -1))
    assert call("get", f"{TRAIL}?since=yesterday", "audit.view").status_code == 400
    one = call("get", f"{TRAIL}?object_kind=lamp&object_id=7", "audit.view").json()["results"]
    assert len(one) == 1
    same = call("get", f"{TRAIL}{one[0]['id']}/", "audit.view").json()
    assert same == one[0]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_writes_to_the_trail(alice: Actor, call: Call, method: str) -> None:
    audit.record(CHANGE_PROPOSED, object_kind="lamp", object_id=1)
    entry = AuditEntry.objects.latest("id")
    assert call(method, f"{TRAIL}{entry.pk}/", "audit.view").status_code in (403, 405)
    assert call(method, TRAIL, "audit.view").status_code in (403, 405)
