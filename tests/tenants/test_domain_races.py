"""Two at once, on connections of their own: one has the name, and nobody waits for ever."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from governance.actors import command_actor, task_actor
from tenants.domains.verdict import Pointing, Proof, Seen
from tenants.models import Domain, Partner
from tenants.services import domain_checks
from tenants.services.domain_checks import check_domain
from tenants.services.domains import add_domain
from tests.tenants.cleanup import set_up, take_away

OPERATOR, WORKER = command_actor("tests"), task_actor("worker")
SLUGS = ("race-one", "race-two")
NAMES = ("race.example", "one.race.example", "two.race.example")


@pytest.fixture
def racers(committed: None) -> Iterator[list[Partner]]:
    """Two partners whose rows are there for every connection; taken away afterwards."""
    take_away(SLUGS)
    set_up(SLUGS)
    yield list(Partner.objects.filter(slug__in=SLUGS))
    take_away(SLUGS)


def both(act: Callable[[Domain], Domain], rows: list[Domain]) -> list[Domain]:
    """Let each row go through `act` on a connection of its own, at the same moment."""
    start = Barrier(len(rows))

    def one(row: Domain) -> Domain:
        try:
            start.wait(10)
            return act(row)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(one, rows))


def test_two_partners_prove_one_name_at_once(
    racers: list[Partner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_checks, "look", lambda *asked: Seen(Proof.FOUND, Pointing.ELSEWHERE))
    for _ in range(8):
        rows = [add_domain(OPERATOR, partner, NAMES[0], "portal") for partner in racers]
        done = both(lambda row: check_domain(WORKER, row), rows)
        assert sorted(row.state for row in done) == ["pending", "verified"]
        loser = Domain.objects.get(domain=NAMES[0], state="pending")
        assert loser.proof_note == domain_checks.HELD_BY_ANOTHER
        Domain.objects.filter(domain=NAMES[0]).delete()


def test_two_names_of_one_partner_come_into_service_at_once(
    racers: list[Partner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_checks, "look", lambda *asked: Seen(Proof.FOUND, Pointing.HERE))
    partner = racers[0]
    for _ in range(8):
        rows = [add_domain(OPERATOR, partner, name, "portal") for name in NAMES[1:]]
        done = both(lambda row: check_domain(WORKER, row), rows)
        assert [row.state for row in done] == ["active", "active"]
        primary = Domain.objects.filter(tenant=partner, kind="portal", is_primary=True)
        assert primary.get().domain in NAMES[1:]
        Domain.objects.filter(domain__in=NAMES).delete()
