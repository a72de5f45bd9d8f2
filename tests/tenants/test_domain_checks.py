"""Domains are looked at again: lost, found, and by whom."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from governance.actors import Actor
from governance.models import AuditEntry
from tenants.context import public_scope
from tenants.hosts import base_url
from tenants.models import Partner
from tenants.services import domains
from tenants.services.domain_checks import check_domain, check_now, claim_due
from tenants.services.hosts import activate_host
from tenants.services.suspension import suspend_partner
from tenants.tasks import check_domain as task
from tenants.tasks import ring_due_domains
from tests.fakes.dns import FakeDns
from tests.posted import posted
from tests.tenants import own_domains
from tests.tenants.own_domains import NAME, OPERATOR, WORKER, added, proved, status_at, trail

_target = own_domains._target
alice = own_domains.alice
rival = own_domains.rival
commits = own_domains.commits


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
