"""A partner's own domains: proved by DNS, one partner's alone, looked at again, gone at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from governance.actors import ANONYMOUS, Actor, command_actor, task_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.context import public_scope, schema_scope
from tenants.domains.dns import DnsSilent
from tenants.hosts import base_url
from tenants.models import Domain, Partner
from tenants.services import domains
from tenants.services.domain_checks import HELD_BY_ANOTHER, check_domain, check_now, claim_due
from tenants.services.hosts import activate_host, remove_host
from tenants.services.suspension import suspend_partner
from tenants.tasks import check_domain as task
from tenants.tasks import ring_due_domains
from tests.actors import ALICE, BOB, GRACE
from tests.fakes.dns import FakeDns
from tests.posted import posted

OPERATOR, WORKER = command_actor("tests"), task_actor("worker")
NAME = "portal.northwind.example"
TARGET = "in.platform.example"
Acting = Callable[..., Actor]


@pytest.fixture(autouse=True)
def _target(settings: Settings, zone: FakeDns) -> None:
    settings.DOMAIN_TARGET = TARGET
    zone.point(TARGET, "192.0.2.1", "2001:db8::1")


@pytest.fixture
def alice(northwind: Partner, actor: Acting) -> Actor:
    return actor(ALICE)


@pytest.fixture
def rival(northwind: Partner) -> Partner:
    return Partner.objects.get(slug="brightbridge")


@pytest.fixture
def commits(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> DjangoCaptureOnCommitCallbacks:
    """A block whose mails are sent at its end."""
    return django_capture_on_commit_callbacks


def added(partner: Partner, name: str = NAME, kind: str = "portal") -> Domain:
    return domains.add_domain(OPERATOR, partner, name, kind)


def proved(zone: FakeDns, domain: Domain, *, pointing: bool = True) -> Domain:
    """Write down both records and look."""
    zone.prove(domain.record_name, domain.token)
    if pointing:
        zone.point(domain.domain, "192.0.2.1")
    return check_domain(WORKER, domain, zone)


def status_at(host: str) -> int:
    return Browser(headers={"host": host}).get("/sign-in/").status_code


def trail(schema: str) -> list[str]:
    """Return what was written down about the domains of this test, in order."""
    keys = [str(pk) for pk in Domain.objects.values_list("pk", flat=True)]
    with schema_scope(schema):
        rows = AuditEntry.objects.filter(object_kind="domain", object_id__in=keys).order_by("pk")
        return list(rows.values_list("action", flat=True))


# --- adding ---------------------------------------------------------------------------


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


# --- proof ----------------------------------------------------------------------------


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


# --- as time goes by ------------------------------------------------------------------


def test_a_lost_proof_is_borne_then_the_domain_is_removed(
    northwind: Partner,
    zone: FakeDns,
    commits: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = proved(zone, added(northwind))
    zone.texts.clear()
    with commits(execute=True):
        row = check_domain(WORKER, row, zone)
    assert (row.state, status_at(NAME)) == ("failing", 200)
    assert base_url("p_northwind", "portal") == "http://northwind.localhost", "links go elsewhere"
    assert posted()[-1].subject == f"{NAME} needs your attention"
    assert "No TXT record found" in mail.outbox[-1].body
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        assert check_domain(WORKER, row, zone).state == "failing"
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)), commits(execute=True):
        row = check_domain(WORKER, row, zone)
    assert (row.state, row.check_after, status_at(NAME)) == ("removed", None, 404)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert posted()[-1].subject == f"{NAME} is no longer served"
    assert trail("p_northwind")[-2:] == ["host.proof_lost", "host.removed"]


def test_a_proof_that_comes_back_in_time_keeps_the_domain(
    northwind: Partner, zone: FakeDns
) -> None:
    row = proved(zone, added(northwind))
    zone.texts.clear()
    row = check_domain(WORKER, row, zone)
    row = proved(zone, row)
    assert (row.state, row.failing_since) == ("active", None)
    assert base_url("p_northwind", "portal") == f"http://{NAME}"


def test_what_an_operator_vouches_for_is_not_looked_at(northwind: Partner, zone: FakeDns) -> None:
    row = activate_host(OPERATOR, added(northwind))
    asked = len(zone.asked)
    assert check_domain(WORKER, row, zone).state == "active"
    assert len(zone.asked) == asked
    assert row.pk not in claim_due()


def test_removed_while_dns_was_asked_it_stays_removed(northwind: Partner, zone: FakeDns) -> None:
    row = added(northwind)
    zone.during = lambda: (domains.remove_domain(OPERATOR, row), None)[1]
    assert proved(zone, row).state == "removed"
    assert status_at(NAME) == 404


def test_due_domains_are_claimed_once_and_come_again_if_nobody_reports(
    northwind: Partner, rival: Partner
) -> None:
    mine, theirs = added(northwind), added(rival, "x.rival.example")
    suspend_partner(OPERATOR, rival, "Unpaid")
    assert claim_due() == [mine.pk]
    assert claim_due() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert claim_due() == [mine.pk]
    assert theirs.state == "pending"


def test_the_worker_rings_for_what_is_due(northwind: Partner) -> None:
    row = added(northwind)
    assert ring_due_domains() == 1
    assert ring_due_domains() == 0, "a ring is on its way"
    queued = OrmQ.objects.latest("pk").task
    assert (queued["func"], queued["args"]) == ("tenants.tasks.check_domain", (row.pk,))


def test_the_task_checks_and_survives_what_is_gone(northwind: Partner, zone: FakeDns) -> None:
    row = added(northwind)
    zone.prove(row.record_name, row.token)
    zone.point(NAME, "192.0.2.1")
    assert task(row.pk) == f"{NAME}: active"
    assert task(0) == "0: no such domain"
    with public_scope():
        entry = AuditEntry.objects.filter(action="host.activated").latest("pk")
    assert (entry.actor_kind, entry.door) == ("task", "task")


def test_a_person_checks_at_once_but_not_in_a_rush(
    alice: Actor, northwind: Partner, zone: FakeDns
) -> None:
    row = added(northwind)
    zone.prove(row.record_name, row.token)
    assert check_now(alice, row).state == "verified"
    with pytest.raises(ValidationError, match="checked just now"):
        check_now(alice, row)
    vouched = activate_host(OPERATOR, added(northwind, "v.northwind.example"))
    with pytest.raises(ValidationError, match="nothing to prove"):
        check_now(alice, vouched)


# --- choosing and removing ------------------------------------------------------------


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
