"""Setting up a partner: all of it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts.invitations import person_of_link
from tenants.accounts.models import User
from tenants.context import current_schema, schema_scope
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import schemas
from tenants.services.hosts import HostDraft
from tenants.services.owner_invitation import Provisioned, renew_invitation
from tests import actors
from tests.tenants.cleanup import schema_names

BUILDER = command_actor("tests")
Provision = Callable[..., Provisioned]
Outside = Callable[[Callable[[], object]], object]
pytestmark = pytest.mark.usefixtures("provision")


def test_a_partner_is_set_up_whole(provision: Provision) -> None:
    made = provision()
    partner = Partner.objects.get(slug="quince")
    assert made.partner == partner
    assert (partner.status, partner.schema_name) == ("active", "p_quince")
    assert {(row.domain, row.kind, row.state) for row in Domain.objects.filter(tenant=partner)} == {
        ("admin.quince.localhost", "admin", "active"),
        ("quince.localhost", "portal", "active"),
    }
    assert Wakeup.objects.filter(schema_name="p_quince").exists()
    with schema_scope("p_quince"):
        owner = User.objects.get()
        assert (owner.email, owner.roles) == ("owner@quince.example", ["owner"])
        assert not owner.has_usable_password()


def test_the_owners_link_lets_them_in_once_at_their_own_host(provision: Provision) -> None:
    made = provision()
    assert made.invitation_link.startswith("http://admin.quince.localhost/welcome/")
    uid, token = made.invitation_link.rstrip("/").split("/")[-2:]
    with schema_scope("p_quince"):
        person = person_of_link(uid, token)
        assert person is not None
        person.set_password(actors.PASSWORD)
        person.save()
        assert person_of_link(uid, token) is None


def test_the_link_opens_nothing_at_another_partner(provision: Provision) -> None:
    uid, token = provision().invitation_link.rstrip("/").split("/")[-2:]
    with schema_scope("p_northwind"):
        assert person_of_link(uid, token) is None


def test_change_control_is_on_from_the_first_minute(provision: Provision) -> None:
    provision()
    with schema_scope("p_quince"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM p_quince.governance_policy")
        assert cursor.fetchone()[0] > 0


def test_the_callers_schema_is_selected_afterwards(
    northwind: Partner, provision: Provision
) -> None:
    provision()
    assert current_schema() == northwind.schema_name


def test_it_is_in_the_operators_trail_and_in_the_partners(
    provision: Provision, operating: Actor
) -> None:
    provision(actor=operating)
    entry = AuditEntry.objects.get(action="partner.provisioned", object_label="Quince Advisory")
    assert entry.after is not None
    assert entry.after["slug"] == "quince"
    with schema_scope("p_quince"):
        assert AuditEntry.objects.filter(action="account.invited").exists()


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("slug", {"slug": "Über"}),
        ("slug", {"slug": "-a"}),
        ("slug", {"slug": "a--b"}),
        ("slug", {"slug": "a_b"}),
        ("slug", {"slug": "9lives"}),
        ("slug", {"slug": ""}),
        ("slug", {"slug": "a" * 41}),
        ("slug", {"slug": "a.b"}),
        ("slug", {"slug": "a;drop"}),
        ("slug", {"slug": "admin"}),
        ("slug", {"slug": "www"}),
        ("slug", {"slug": "northwind"}),
        ("name", {"name": "  "}),
        ("name", {"name": "n" * 121}),
        ("owner_name", {"owner_name": ""}),
        ("owner_email", {"owner_email": "nobody"}),
        ("hosts", {"hosts": [HostDraft("http://x.example", "portal")]}),
        ("hosts", {"hosts": [HostDraft("northwind.localhost", "portal")]}),
        ("hosts", {"hosts": [HostDraft("localhost", "portal")]}),
    ],
)
def test_a_wrong_request_names_its_field_and_makes_nothing(
    field: str, changed: dict[str, object], provision: Provision
) -> None:
    before = schema_names()
    with pytest.raises(ValidationError) as refused:
        provision(**{"slug": "quince", **changed})
    assert list(refused.value.message_dict) == [field]
    assert schema_names() == before
    assert not Partner.objects.filter(slug="quince").exists()


def test_all_that_is_wrong_is_said_at_once(provision: Provision) -> None:
    with pytest.raises(ValidationError) as refused:
        provision(slug="WWW!", name="", owner_email="x")
    assert set(refused.value.message_dict) == {"slug", "name", "owner_email"}


def test_only_an_operator_sets_up_partners(provision: Provision) -> None:
    nobody = Actor(kind="person", id=1, label="Alice", permissions=frozenset({"users.manage"}))
    with pytest.raises(NotPermitted):
        provision(actor=nobody)


def test_two_at_once_for_one_name_give_one_partner(provision: Provision) -> None:
    with schemas.schema_work("p_quince"), pytest.raises(ValidationError, match="just now"):
        provision()
    provision()


def test_it_refuses_to_run_inside_a_callers_transaction(
    provision: Provision, outside: Outside
) -> None:
    def nested() -> None:
        with transaction.atomic():
            provision("nested")

    with pytest.raises(RuntimeError, match="durable"):
        outside(nested)
    assert "p_nested" not in schema_names()


def test_a_fresh_link_is_made_only_until_an_owner_has_come_in(provision: Provision) -> None:
    made = provision()
    again = renew_invitation(BUILDER, made.partner)
    assert again.owner_email == made.owner_email
    with schema_scope("p_quince"):
        owner = User.objects.get()
        owner.set_password(actors.PASSWORD)
        owner.save()
    with pytest.raises(ValidationError, match="come in"):
        renew_invitation(BUILDER, made.partner)
