"""The partner's own roles: nobody hands on what they don't hold, by whatever way."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser

from governance.actors import Actor
from governance.models import AuditEntry, ChangeRequest
from governance.services.changes import approve
from governance.services.policies import ensure_default_policies
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, Role, User
from tenants.accounts.permissions import CLIENT_PERMISSIONS, IMPLIED, PERMISSIONS
from tenants.accounts.services.people import add_person, set_active, set_roles
from tenants.accounts.services.roles import change_role, make_role, remove_role
from tenants.accounts.services.tokens import make_token
from tests.actors import ALICE, BOB, CAROL, DAVE, FRANK, GRACE, HEIDI, IVAN, Person
from tests.at_home import page_url

ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]
RUNS = ["workflows.operate", "workflows.view"]
pytestmark = pytest.mark.usefixtures("at_home")


def user_of(person: Person) -> User:
    return User.objects.get(email=person.email)


@pytest.fixture
def desk(actor: ActorOf) -> Role:
    """The people desk: invites, and sees clients."""
    return make_role(
        actor(ALICE), name="People desk", kind="staff", permissions=["users.manage", "clients.view"]
    )


@pytest.fixture
def nina(actor: ActorOf, desk: Role) -> User:
    """Nina works at the people desk and holds nothing else."""
    return add_person(actor(ALICE), email="nina@partner.example", name="Nina", roles=[desk.key])


def reloaded(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_person_may_what_the_role_says_and_no_more(nina: User) -> None:
    assert reloaded(nina).permissions == {"users.manage", "clients.view"}
    assert reloaded(nina).role_labels == ["People desk"]


def test_a_change_holds_at_once_and_is_audited_with_before_and_after(
    browse: Browse, nina: User, desk: Role, actor: ActorOf
) -> None:
    ensure_default_policies()
    page = browse(ALICE).post(
        page_url("role_edit", desk.pk),
        {"name": "Desk", "note": "", "permissions": ["clients.view", "exceptions.view"]},
    )
    asked = ChangeRequest.objects.get()
    assert page["Location"] == page_url("change_detail", asked.pk)
    assert reloaded(nina).permissions == {"users.manage", "clients.view"}
    approve(actor(CAROL), asked.pk, content_hash=asked.content_hash)
    assert reloaded(nina).permissions == {"clients.view", "exceptions.view"}
    entry = AuditEntry.objects.get(action="role.changed")
    assert entry.before
    assert entry.after
    assert entry.before["permissions"] == ["clients.view", "users.manage"]
    assert entry.after["permissions"] == ["clients.view", "exceptions.view"]
    assert (entry.before["name"], entry.after["name"]) == ("People desk", "Desk")
    assert entry.after["change_request"] == asked.pk
    assert asked.author_label.startswith("Alice Moreau")


@pytest.mark.parametrize("permission", sorted(set(PERMISSIONS) - {"users.manage", "clients.view"}))
def test_nobody_puts_into_a_role_what_they_do_not_hold(nina: User, permission: str) -> None:
    both = {permission, IMPLIED.get(permission, permission)}
    with pytest.raises(ValidationError) as refused:
        make_role(actor_for(nina), name="More", kind="staff", permissions=both)
    assert PERMISSIONS[permission] in " ".join(refused.value.messages)
    if permission in CLIENT_PERMISSIONS:
        with pytest.raises(ValidationError):
            make_role(actor_for(nina), name="More", kind="client", permissions=both)
    assert not Role.objects.filter(name="More").exists()


def test_nobody_invites_or_promotes_somebody_above_themselves(nina: User, actor: ActorOf) -> None:
    me = actor_for(nina)
    with pytest.raises(ValidationError, match="Only somebody who may do this themselves"):
        add_person(me, email="puppet@partner.example", name="Puppet", roles=["owner"])
    with pytest.raises(ValidationError, match="Only somebody who may do this themselves"):
        set_roles(me, user_of(DAVE), ["owner"])
    bigger = make_role(actor(ALICE), name="Bigger", kind="staff", permissions=["brand.manage"])
    with pytest.raises(ValidationError):
        set_roles(me, user_of(DAVE), [bigger.key])
    assert user_of(DAVE).roles == ["support_agent"]
    assert not User.objects.filter(email="puppet@partner.example").exists()


def test_a_closed_account_is_opened_by_somebody_who_holds_as_much(
    nina: User, actor: ActorOf
) -> None:
    set_active(actor(ALICE), user_of(BOB), active=False)
    with pytest.raises(ValidationError):
        set_active(actor_for(nina), user_of(BOB), active=True)
    assert not user_of(BOB).is_active


def test_an_owner_is_put_out_by_another_owner_only(nina: User, desk: Role, actor: ActorOf) -> None:
    set_roles(actor(ALICE), user_of(FRANK), ["owner"])
    with pytest.raises(ValidationError, match="only another owner"):
        set_roles(actor_for(nina), user_of(ALICE), [desk.key])
    with pytest.raises(ValidationError, match="only another owner"):
        set_active(actor_for(nina), user_of(ALICE), active=False)
    set_active(actor(ALICE), user_of(FRANK), active=False)
    assert not user_of(FRANK).is_active


def test_nobody_changes_the_role_that_they_have(nina: User, desk: Role, actor: ActorOf) -> None:
    with pytest.raises(ValidationError, match="Somebody else has to change"):
        change_role(actor_for(nina), desk, name="Mine", permissions=["users.manage"])
    bigger = make_role(actor(ALICE), name="Bigger", kind="staff", permissions=["brand.manage"])
    with pytest.raises(ValidationError, match="Only somebody who may do this themselves"):
        change_role(actor_for(nina), bigger, name="Bigger", permissions=["clients.view"])
    with pytest.raises(ValidationError):
        remove_role(actor_for(nina), bigger)


def test_a_role_in_use_is_not_removed_and_its_holders_are_named(
    browse: Browse, nina: User, desk: Role
) -> None:
    browser = browse(ALICE)
    page = browser.post(page_url("role_remove", desk.pk), follow=True).content.decode()
    assert "Nina has this role. Give them another one first." in page
    browser.post(page_url("person_detail", nina.pk), {"roles": ["auditor"]})
    assert reloaded(nina).roles == ["auditor"]
    browser.post(page_url("role_remove", desk.pk))
    assert not Role.objects.filter(pk=desk.pk).exists()
    assert AuditEntry.objects.filter(action="role.removed", object_label="People desk").exists()


def test_a_client_role_holds_only_what_keeps_to_the_client(actor: ActorOf, alder: Client) -> None:
    for permission in sorted(set(PERMISSIONS) - CLIENT_PERMISSIONS):
        with pytest.raises(ValidationError, match="Such a role can't have"):
            make_role(actor(ALICE), name="Leak", kind="client", permissions=[permission])
    role = make_role(actor(ALICE), name="Runner", kind="client", permissions=RUNS)
    with pytest.raises(ValidationError, match="is no role here"):
        add_person(actor(ALICE), email="n@partner.example", name="N", roles=[role.key])
    with pytest.raises(ValidationError, match="Only somebody who may do this themselves"):
        set_roles(actor(GRACE), user_of(IVAN), [role.key])
    set_roles(actor(ALICE), user_of(IVAN), [role.key])
    assert user_of(IVAN).permissions == set(RUNS)


def test_a_row_that_was_written_past_the_rules_gives_a_client_nothing_of_the_partners(
    alder: Client, actor: ActorOf
) -> None:
    role = make_role(actor(ALICE), name="Seen", kind="client", permissions=["clients.view"])
    set_roles(actor(ALICE), user_of(IVAN), [role.key])
    Role.objects.filter(pk=role.pk).update(permissions=["clients.view", "prices.view", "no.such"])
    assert user_of(IVAN).permissions == {"clients.view"}


def test_a_clients_administrator_names_approvers_but_makes_no_roles(
    actor: ActorOf, alder: Client
) -> None:
    add_person(
        actor(GRACE), email="fin@alder.example", name="Fin", roles=["client_approver"], client=alder
    )
    with pytest.raises(PermissionDenied):
        make_role(actor(GRACE), name="Mine", kind="client", permissions=["clients.view"])


def test_a_client_role_with_people_only_names_no_approver(actor: ActorOf, alder: Client) -> None:
    role = make_role(actor(ALICE), name="Front", kind="client", permissions=["users.manage"])
    set_roles(actor(ALICE), user_of(HEIDI), [role.key])
    for wanted in ("client_approver", "client_admin", "client_viewer"):
        with pytest.raises(ValidationError, match="Only somebody who may do this themselves"):
            add_person(
                actor(HEIDI), email="p@alder.example", name="P", roles=[wanted], client=alder
            )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "Owner"}, "A built-in role has that name"),
        ({"name": "people DESK"}, "There is a role of that name"),
        ({"name": "a\u202eb"}, "without hidden characters"),
        ({"permissions": ["prices.manage"]}, "It needs this as well: See tiers and margins"),
        ({"permissions": []}, "Choose what it lets people do"),
        ({"permissions": ["no.such"]}, "is not one of the available choices"),
    ],
)
def test_a_wrong_role_says_what_is_wrong(
    browse: Browse, desk: Role, values: dict[str, object], said: str
) -> None:
    good = {"name": "Desk two", "note": "", "permissions": ["clients.view"]}
    page = browse(ALICE).post(page_url("role_add"), {**good, **values}).content.decode()
    assert said in page
    assert Role.objects.count() == 1


def test_own_roles_are_in_the_matrix_and_offered_when_inviting(browse: Browse, desk: Role) -> None:
    browser = browse(ALICE)
    assert "People desk" in browser.get(page_url("role_matrix")).content.decode()
    assert f'value="{desk.key}"' in browser.get(page_url("person_invite")).content.decode()
    browser.post(
        page_url("person_invite"),
        {"name": "Olu", "email": "olu@partner.example", "roles": [desk.key]},
    )
    assert User.objects.get(email="olu@partner.example").roles == [desk.key]


def test_an_auditor_reads_the_matrix_and_finds_no_way_to_change_it(browse: Browse) -> None:
    page = browse(FRANK).get(page_url("role_matrix"))
    assert page.status_code == 200
    assert "Make a role" not in page.content.decode()
    assert browse(FRANK).get(page_url("role_add")).status_code == 403


def api(token: str, method: str, path: str, body: object = None, host: str = "admin.") -> Any:
    browser = Browser(
        headers={"host": f"{host}northwind.localhost", "authorization": f"Bearer {token}"}
    )
    return browser.generic(method, path, json.dumps(body), content_type="application/json")


def test_the_api_makes_gives_and_removes_roles(actor: ActorOf) -> None:
    key = make_token(
        actor(ALICE), user=user_of(ALICE), name="t", scopes=["users.manage", "clients.view"]
    )[1]
    made = api(key, "POST", "/api/v1/roles/", {"name": "Seen", "permissions": ["clients.view"]})
    assert made.status_code == 201, made.content
    role = made.json()
    invited = api(
        key,
        "POST",
        "/api/v1/people/",
        {"name": "Olu", "email": "olu@partner.example", "roles": [role["key"]]},
    )
    assert invited.status_code == 201, invited.content
    pk = invited.json()["id"]
    refused = api(key, "PATCH", f"/api/v1/people/{pk}/", {"roles": ["owner"]})
    assert refused.status_code == 400
    assert "Only somebody who may do this" in refused.content.decode()
    in_use = api(key, "DELETE", f"/api/v1/roles/{role['id']}/")
    assert in_use.status_code == 400
    assert "Olu has this role" in in_use.content.decode()
    User.objects.get(pk=pk).role_grants.all().delete()
    assert api(key, "DELETE", f"/api/v1/roles/{role['id']}/").status_code == 204


def test_a_token_hands_on_no_more_than_its_scopes(actor: ActorOf) -> None:
    key = make_token(actor(ALICE), user=user_of(ALICE), name="t", scopes=["users.manage"])[1]
    body = {"name": "Olu", "email": "olu@partner.example", "roles": ["auditor"]}
    assert api(key, "POST", "/api/v1/people/", body).status_code == 400
    assert not User.objects.filter(email="olu@partner.example").exists()
