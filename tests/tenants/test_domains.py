"""A partner's own domains: what can be added, by whom, and what links use."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from governance.actors import ANONYMOUS, Actor
from governance.errors import NotPermitted
from tenants.hosts import base_url
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import check_now
from tenants.services.hosts import remove_host
from tests.actors import BOB, GRACE
from tests.fakes.dns import FakeDns
from tests.tenants import own_domains
from tests.tenants.own_domains import (
    NAME,
    OPERATOR,
    TARGET,
    Acting,
    added,
    proved,
    status_at,
    trail,
)

_target = own_domains._target
alice = own_domains.alice
rival = own_domains.rival


def test_a_new_domain_waits_for_its_proof_and_serves_nothing(
    alice: Actor, northwind: Partner
) -> None:
    made = domains.add_domain(alice, northwind, " Portal.Northwind.example. ", "portal")
    assert (made.domain, made.state, made.is_own) == (NAME, "pending", True)
    assert len(made.token) >= 32
    assert made.record_name == f"_domain-proof.{NAME}"
    assert status_at(NAME) == 404
    assert trail("p_northwind") == ["host.added"]
    assert trail("public") == [], "the operators' trail names nobody of a partner"


def test_the_token_is_another_for_each_partner_and_each_time(
    northwind: Partner, rival: Partner
) -> None:
    first, second = added(northwind), added(rival)
    domains.remove_domain(OPERATOR, first)
    assert len({first.token, second.token, added(northwind).token}) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("portal.example.com\r\nX: y", "cannot be seen"),
        ("рortal.example.com", "several alphabets"),
        ("a" * 300, "longer than 253"),
        ("localhost", "lead nowhere"),
        ("brightbridge.localhost", "lead nowhere"),
        ("*.northwind.example", "Wildcards"),
        ("portal.northwind.example:8443", "without a port"),
        ("portal.northwind.example/x", "without a path"),
        ("https://portal.northwind.example", "without https://"),
        ("192.0.2.7", "IP address"),
        (TARGET, "belongs to the platform"),
    ],
)
def test_a_wrong_name_is_refused_at_the_field(
    alice: Actor, northwind: Partner, name: str, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        domains.add_domain(alice, northwind, name, "portal")
    assert said in refused.value.message_dict["domain"][0]
    assert not Domain.objects.filter(state="pending").exists()


@pytest.mark.parametrize(
    "name",
    [
        "platform.example",
        "brightbridge.platform.example",
        "ADMIN.BrightBridge.platform.example.",
        "new.platform.example",
        "ops.example.org",
    ],
)
def test_the_platforms_own_names_are_refused(
    alice: Actor, northwind: Partner, settings: Settings, name: str
) -> None:
    settings.PLATFORM_DOMAIN, settings.OPERATOR_HOSTS = "platform.example", ["ops.example.org"]
    with pytest.raises(ValidationError, match="belongs to the platform"):
        domains.add_domain(alice, northwind, name, "portal")


def test_a_name_is_added_once_and_comes_back_after_its_removal(
    alice: Actor, northwind: Partner
) -> None:
    first = domains.add_domain(alice, northwind, NAME, "portal")
    with pytest.raises(ValidationError, match="You have added this name already"):
        domains.add_domain(alice, northwind, NAME, "admin")
    domains.remove_domain(alice, first)
    assert domains.add_domain(alice, northwind, NAME, "portal").state == "pending"


def test_a_partner_has_a_bounded_number_of_names(
    alice: Actor, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "MOST_DOMAINS", 3)
    domains.add_domain(alice, northwind, NAME, "portal")
    with pytest.raises(ValidationError, match="Remove one first"):
        domains.add_domain(alice, northwind, f"x.{NAME}", "portal")


def test_a_kind_that_does_not_exist_is_refused(alice: Actor, northwind: Partner) -> None:
    with pytest.raises(ValidationError) as refused:
        domains.add_domain(alice, northwind, NAME, "public")
    assert "kind" in refused.value.message_dict


# --- who may --------------------------------------------------------------------------


def test_only_who_manages_domains_may_change_them(
    northwind: Partner, actor: Acting, zone: FakeDns
) -> None:
    mine = proved(zone, added(northwind))
    client_token = Actor("token", 1, "t", client_id=1, permissions=frozenset({"domains.manage"}))
    for person in (actor(BOB), actor(GRACE), ANONYMOUS, client_token):
        with pytest.raises(NotPermitted):
            domains.add_domain(person, northwind, "x.example.org", "portal")
        for act in (
            domains.remove_domain,
            domains.activate_domain,
            domains.choose_for_links,
            check_now,
        ):
            with pytest.raises(NotPermitted):
                act(person, mine)
    assert status_at(NAME) == 200


def test_an_owner_reaches_no_other_partners_domains(
    alice: Actor, northwind: Partner, rival: Partner, zone: FakeDns
) -> None:
    theirs = proved(zone, added(rival, "portal.rival.example"))
    with pytest.raises(NotPermitted):
        domains.add_domain(alice, rival, NAME, "portal")
    for act in (
        domains.remove_domain,
        domains.activate_domain,
        domains.choose_for_links,
        check_now,
    ):
        with pytest.raises(NotPermitted):
            act(alice, theirs)
    assert status_at("portal.rival.example") == 200


def test_links_use_the_chosen_domain_of_the_right_door(
    alice: Actor, northwind: Partner, zone: FakeDns
) -> None:
    first = proved(zone, added(northwind))
    second = proved(zone, added(northwind, "clients.northwind.example"))
    assert base_url("p_northwind", "portal") == f"http://{NAME}"
    domains.choose_for_links(alice, second)
    assert base_url("p_northwind", "portal") == "http://clients.northwind.example"
    platform = Domain.objects.get(domain="northwind.localhost")
    domains.choose_for_links(alice, platform)
    assert base_url("p_northwind", "portal") == "http://northwind.localhost"
    assert trail("p_northwind")[-2:] == ["host.primary", "host.primary"]
    waiting = added(northwind, "w.northwind.example")
    with pytest.raises(ValidationError, match="in service"):
        domains.choose_for_links(alice, waiting)
    assert first.state == "active"


def test_removing_it_sends_links_back_to_the_platforms_address(
    alice: Actor, northwind: Partner, zone: FakeDns
) -> None:
    row = proved(zone, added(northwind))
    assert domains.remove_domain(alice, row).state == "removed"
    assert domains.remove_domain(alice, row).state == "removed", "twice changes nothing"
    assert status_at(NAME) == 404
    assert base_url("p_northwind", "portal") == "http://northwind.localhost"
    assert trail("p_northwind").count("host.removed") == 1


def test_the_platforms_own_address_stays(alice: Actor, northwind: Partner) -> None:
    platform = Domain.objects.get(domain="northwind.localhost")
    with pytest.raises(ValidationError, match="address stays"):
        domains.remove_domain(alice, platform)
    with pytest.raises(ValidationError, match="only portal host"):
        remove_host(OPERATOR, platform)
