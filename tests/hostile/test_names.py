"""Names that hide something, and names at their full length."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from governance.actors import Actor, command_actor
from tenants.accounts.actors import actor_for
from tenants.accounts.models import RoleGrant, User
from tenants.accounts.services.clients import add_client, change_client
from tenants.accounts.services.people import add_person
from tenants.models import Partner
from tests.actors import ALICE, Person

HIDDEN = ["Eve\r\nBcc: all@example.com", "a\x01b", "\u202egpj.exe", "a\u2028b", "Al\u2066ice"]
Acting = Callable[[Person], Actor]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_with_hidden_characters_is_refused(actor: Acting, name: str) -> None:
    owner = actor(ALICE)
    with pytest.raises(ValidationError, match="hidden"):
        add_person(owner, email="eve@partner.example", name=name, roles=["auditor"])
    with pytest.raises(ValidationError, match="hidden"):
        add_client(owner, name=name)


@pytest.mark.parametrize("name", ["Zoë O’Brien-Núñez", "王小明", "نور حداد", "<b>&{{x}}", "=1+1"])
def test_an_ordinary_or_odd_name_is_kept_as_it_is(actor: Acting, name: str) -> None:
    assert add_person(actor(ALICE), email="x@partner.example", name=name, roles=[]).name == name


def test_somebody_with_a_very_long_name_can_give_roles(northwind: Partner) -> None:
    long = add_person(
        command_actor("tests"),
        email=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example",
        name="N" * 120,
        roles=["owner"],
    )
    made = add_person(actor_for(long), email="new@partner.example", name="New", roles=["auditor"])

    assert RoleGrant.objects.get(user=made).granted_by.startswith("NNN")
    assert User.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("currency", ["ééé", "ßa", "EU", "E1R", "ЕUR"])
def test_a_currency_is_three_plain_letters(northwind: Partner, currency: str) -> None:
    with pytest.raises(ValidationError, match="three-letter"):
        add_client(command_actor("tests"), name="Elm", currency=currency)


def test_a_client_has_one_of_the_forms_that_we_have(northwind: Partner) -> None:
    elm = add_client(command_actor("tests"), name="Elm", locale="de")
    with pytest.raises(ValidationError, match="is no locale"):
        change_client(command_actor("tests"), elm, locale="../../x")
