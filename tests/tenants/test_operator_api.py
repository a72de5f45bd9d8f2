"""The operators' API: by an operator's token, on the operators' host alone."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.actors import command_actor
from governance.models import AuditEntry
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token, revoke_token
from tenants.context import public_scope, schema_scope
from tenants.models import Partner
from tests.actors import ALICE

pytestmark = pytest.mark.usefixtures("db")
BUILDER = command_actor("tests")
PATH = "/api/v1/partners/"
NEW = {
    "name": "Quince Advisory",
    "slug": "quince",
    "owner_email": "quentin@quince.example",
    "owner_name": "Quentin Ives",
}
Caller = Callable[..., Client]


@pytest.fixture
def calling(operator: User) -> Caller:
    """A client with an operator's token of some scopes."""

    def opened(*scopes: str, host: str = "localhost") -> Client:
        with public_scope():
            _, text = make_token(BUILDER, user=operator, name="ci", scopes=scopes)
        return Client(headers={"host": host, "authorization": f"Bearer {text}"})

    return opened


def test_a_partner_is_set_up_by_a_program(calling: Caller, provision: object) -> None:
    client = calling("partners.manage", "partners.view")
    answer = client.post(PATH, NEW, content_type="application/json")
    body = answer.json()
    assert answer.status_code == 201
    assert body["slug"] == "quince"
    assert body["invitation_link"].startswith("http://admin.quince.localhost/welcome/")
    assert {host["host"] for host in body["hosts"]} == {
        "admin.quince.localhost",
        "quince.localhost",
    }
    with public_scope():
        entry = AuditEntry.objects.get(action="partner.provisioned", object_label="Quince Advisory")
    assert (entry.actor_kind, entry.door) == ("token", "api")
    assert client.get(f"{PATH}{body['id']}/").json()["name"] == "Quince Advisory"
    assert "invitation_link" not in client.get(f"{PATH}{body['id']}/").json()


def test_the_list_has_every_partner(calling: Caller) -> None:
    rows = calling("partners.view").get(PATH).json()["results"]
    assert {row["slug"] for row in rows} == {"northwind", "brightbridge"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"slug": "northwind"}, "slug"),
        ({"slug": "A B"}, "slug"),
        ({"owner_email": "x"}, "owner_email"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_call_names_the_field(calling: Caller, changed: dict[str, str], field: str) -> None:
    client = calling("partners.manage")
    answer = client.post(PATH, {**NEW, **changed}, content_type="application/json")
    assert answer.status_code == 400
    assert field in {row["field"] for row in answer.json()["error"]["fields"]}


@pytest.mark.parametrize("body", ["[]", "null", "{", '{"slug": ["a"]}', '{"slug": {"a": 1}}', "7"])
def test_a_body_of_another_shape_is_a_400(calling: Caller, body: str) -> None:
    answer = calling("partners.manage").post(PATH, body, content_type="application/json")
    assert answer.status_code == 400


def test_a_token_needs_the_scope(calling: Caller) -> None:
    client = calling("partners.view")
    assert client.get(PATH).status_code == 200
    assert client.post(PATH, NEW, content_type="application/json").status_code == 403
    with public_scope():
        pk = Partner.objects.get(slug="northwind").pk
    suspended = client.post(
        f"{PATH}{pk}/suspend/", {"reason": "x"}, content_type="application/json"
    )
    assert suspended.status_code == 403


def test_without_a_token_or_with_a_wrong_one_it_is_401(console: Client) -> None:
    assert console.get(PATH).status_code == 401, "a session is no token"
    wrong = Client(headers={"host": "localhost", "authorization": "Bearer key_x_y"})
    assert wrong.get(PATH).status_code == 401


def test_a_revoked_token_is_refused_from_the_next_call_on(operator: User) -> None:
    with public_scope():
        token, text = make_token(BUILDER, user=operator, name="ci", scopes=["partners.view"])
        client = Client(headers={"host": "localhost", "authorization": f"Bearer {text}"})
    assert client.get(PATH).status_code == 200
    with public_scope():
        revoke_token(BUILDER, token)
    assert client.get(PATH).status_code == 401


def test_it_is_not_on_a_partners_host(calling: Caller) -> None:
    for host in ("northwind.localhost", "admin.northwind.localhost"):
        assert calling("partners.view", host=host).get(PATH).status_code == 404


def test_a_partners_token_is_unknown_here() -> None:
    with schema_scope("p_northwind"):
        owner = User.objects.get(email=ALICE.email)
        _, text = make_token(BUILDER, user=owner, name="theirs", scopes=["clients.view"])
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {text}"})
    assert client.get(PATH).status_code == 401


def test_a_partner_is_suspended_and_resumed(calling: Caller) -> None:
    client = calling("partners.manage", "partners.view")
    with public_scope():
        pk = Partner.objects.get(slug="northwind").pk
    at = f"{PATH}{pk}/"
    none = client.post(f"{at}suspend/", {}, content_type="application/json")
    assert none.status_code == 400
    done = client.post(f"{at}suspend/", {"reason": "Unpaid"}, content_type="application/json")
    assert (done.status_code, done.json()["status"]) == (200, "suspended")
    back = client.post(f"{at}resume/", {"reason": "Paid"}, content_type="application/json")
    assert back.json()["status"] == "active"
    missing = client.post(
        f"{PATH}999999/suspend/", {"reason": "x"}, content_type="application/json"
    )
    assert missing.status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(calling: Caller, method: str) -> None:
    client = calling("partners.manage", "partners.view")
    assert getattr(client, method)(PATH).status_code in {403, 405}
