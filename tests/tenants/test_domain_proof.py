"""Proving a domain by DNS, and whose it is when two want it."""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django_tenants.utils import tenant_context
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from governance.actors import Actor
from tenants.domains.dns import DnsSilent
from tenants.hosts import base_url
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import HELD_BY_ANOTHER, check_domain
from tenants.services.hosts import activate_host
from tests.actors import ALICE
from tests.fakes.dns import FakeDns
from tests.posted import posted
from tests.tenants import own_domains
from tests.tenants.own_domains import (
    NAME,
    OPERATOR,
    TARGET,
    WORKER,
    added,
    proved,
    status_at,
    trail,
)

_target = own_domains._target
alice = own_domains.alice
rival = own_domains.rival
commits = own_domains.commits


def test_proved_and_pointing_here_it_is_served_and_used_for_links(
    northwind: Partner,
    zone: FakeDns,
    commits: DjangoCaptureOnCommitCallbacks,
) -> None:
    with commits(execute=True):
        row = proved(zone, added(northwind))
    assert (row.state, row.is_primary) == ("active", True)
    assert (row.proof_note, row.pointing_note) == (
        "The TXT record is in place.",
        "The name points here.",
    )
    assert status_at(NAME) == 200
    assert base_url("p_northwind", "portal") == f"http://{NAME}"
    assert base_url("p_northwind", "admin") == "http://admin.northwind.localhost"
    assert trail("p_northwind") == ["host.added", "host.verified", "host.activated"]
    assert trail("public") == trail("p_northwind")
    assert [message.to for message in posted()] == [[ALICE.email]]
    assert mail.outbox[0].subject == f"{NAME} is in service"
    assert "http://admin.northwind.localhost/domains/" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], f"No TXT record found at _domain-proof.{NAME}."),
        (["v=spf1 -all"], "Found “v=spf1 -all” at"),
        (["<b>x</b>", "y"], "Found “<b>x</b>”, “y” at"),
    ],
)
def test_without_the_right_record_it_waits_and_says_what_was_found(
    northwind: Partner, zone: FakeDns, values: list[str], said: str
) -> None:
    row = added(northwind)
    zone.prove(row.record_name, *values)
    row = check_domain(WORKER, row, zone)
    assert row.state == "pending"
    assert said in row.proof_note
    if values:
        assert f"expected “{row.token}”" in row.proof_note
    assert row.check_after is not None


def test_one_right_value_among_several_is_enough(northwind: Partner, zone: FakeDns) -> None:
    row = added(northwind)
    zone.prove(row.record_name, "v=spf1 -all", f" {row.token} ", "other")
    assert check_domain(WORKER, row, zone).state == "verified"


def test_the_token_of_another_partner_proves_nothing(
    northwind: Partner, rival: Partner, zone: FakeDns
) -> None:
    mine, theirs = added(northwind), added(rival)
    zone.prove(mine.record_name, theirs.token)
    assert check_domain(WORKER, mine, zone).state == "pending"


def test_a_silent_dns_server_changes_nothing_and_is_asked_again(
    northwind: Partner, zone: FakeDns
) -> None:
    row = added(northwind)
    zone.silent = True
    row = check_domain(WORKER, row, zone)
    assert row.state == "pending"
    assert row.proof_note == "The DNS server did not answer; we try again in 1 minute."


def test_a_machine_without_dns_says_so(northwind: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> FakeDns:
        raise DnsSilent("no server configured")

    monkeypatch.setattr("tenants.services.domain_checks.current_resolver", none)
    assert "did not answer" in check_domain(WORKER, added(northwind)).proof_note


@pytest.mark.parametrize(
    ("addresses", "via", "state"),
    [
        (["192.0.2.1"], [], "active"),
        (["2001:db8::1", "192.0.2.1"], [], "active"),
        (["203.0.113.9"], [TARGET], "active"),
        ([], ["x.example.org", TARGET], "active"),
        (["192.0.2.1", "203.0.113.9"], [], "verified"),
        (["203.0.113.9"], ["x.example.org"], "verified"),
        ([], [], "verified"),
    ],
)
def test_a_proved_name_is_served_once_it_points_here(
    northwind: Partner, zone: FakeDns, addresses: list[str], via: list[str], state: str
) -> None:
    row = added(northwind)
    zone.prove(row.record_name, row.token)
    zone.point(NAME, *addresses, via=via)
    assert check_domain(WORKER, row, zone).state == state
    assert status_at(NAME) == (200 if state == "active" else 404)


def test_the_operators_addresses_stand_for_the_target(
    northwind: Partner, zone: FakeDns, settings: Settings
) -> None:
    settings.DOMAIN_ADDRESSES = ["198.51.100.4"]
    row = added(northwind)
    zone.prove(row.record_name, row.token)
    zone.point(NAME, "198.51.100.4")
    assert check_domain(WORKER, row, zone).state == "active"


def test_the_owners_word_serves_a_proved_name_and_no_other(
    alice: Actor, northwind: Partner, zone: FakeDns
) -> None:
    row = added(northwind)
    with pytest.raises(ValidationError, match="waiting for proof"):
        domains.activate_domain(alice, row)
    proved(zone, row, pointing=False)
    assert domains.activate_domain(alice, row).state == "active"
    assert status_at(NAME) == 200


# --- two who want the same ------------------------------------------------------------


def test_two_may_wait_and_the_first_who_proves_it_has_it(
    northwind: Partner,
    rival: Partner,
    zone: FakeDns,
    commits: DjangoCaptureOnCommitCallbacks,
) -> None:
    mine, theirs = added(northwind), added(rival)
    zone.prove(mine.record_name, mine.token, theirs.token)
    with commits(execute=True):
        assert check_domain(WORKER, theirs, zone).state == "verified"
    mine.refresh_from_db()
    assert (mine.state, mine.proof_note, mine.check_after) == ("pending", HELD_BY_ANOTHER, None)
    assert [message.subject for message in posted()] == [f"{NAME} cannot be used"]
    assert "Brightbridge" not in mail.outbox[0].body
    assert check_domain(WORKER, mine, zone).state == "pending", "also with a proof of its own"


def test_a_name_that_another_proved_cannot_be_added(
    alice: Actor, northwind: Partner, rival: Partner, zone: FakeDns
) -> None:
    proved(zone, added(rival))
    with pytest.raises(ValidationError, match="in use already") as refused:
        domains.add_domain(alice, northwind, NAME, "portal")
    assert "Brightbridge" not in str(refused.value)


def test_both_prove_in_the_same_moment_and_one_has_it(
    northwind: Partner, rival: Partner, zone: FakeDns, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = added(northwind), added(rival)
    zone.prove(mine.record_name, mine.token, theirs.token)
    # The other's proof commits between our look at the table and our own write.
    monkeypatch.setattr("tenants.services.domain_checks._held_by_another", lambda row: False)
    assert check_domain(WORKER, theirs, zone).state == "verified"
    assert check_domain(WORKER, mine, zone).state == "pending"
    assert Domain.objects.filter(domain=NAME, state="verified").count() == 1


def test_a_domain_that_was_given_up_can_be_proved_by_another(
    northwind: Partner, rival: Partner, zone: FakeDns
) -> None:
    domains.remove_domain(OPERATOR, proved(zone, added(northwind)))
    assert proved(zone, added(rival)).state == "active"
    with tenant_context(rival):
        assert base_url("p_brightbridge", "portal") == f"http://{NAME}"


def test_an_operator_cannot_bring_back_what_another_holds(
    northwind: Partner, rival: Partner, zone: FakeDns
) -> None:
    gone = domains.remove_domain(OPERATOR, proved(zone, added(northwind)))
    proved(zone, added(rival))
    with pytest.raises(ValidationError, match="in use already"):
        activate_host(OPERATOR, gone)
