"""The further systems of a firm: filled once, and worked in once however often it is told."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from syncjobs.sandbox.catalogue import MORE
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import SandboxServer
from syncjobs.sandbox.story import FIRMS, build
from syncjobs.sandbox.story.more import do_more_work, feed_more


@pytest.fixture
def systems() -> Iterator[dict[str, SandboxClient]]:
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(SandboxServer(kind)) for kind in MORE}
        clients = {
            kind: SandboxClient(kind, one.address, one.token) for kind, one in servers.items()
        }
        for one in clients.values():
            stack.callback(one.close)
        yield clients


def test_told_twice_it_is_fed_and_worked_in_once(systems: dict[str, SandboxClient]) -> None:
    month = build(FIRMS["calder"], dt.date(2026, 10, 1))
    assert feed_more(systems, month) > 30
    assert feed_more(systems, month) == 0
    for _ in range(3):
        do_more_work(systems, month)
    agreements = {one["number"]: one for one in systems["contracts"].pages("agreements")}
    terms = {number: one["termsVersion"] for number, one in agreements.items()}
    assert sorted(terms.values()) == [1] * (len(terms) - 2) + [2, 2]
    assert agreements["CT-7701"]["agreedValue"] == "204600.00"
    assert agreements["CT-7704"]["renewedOn"] == "2026-11-01"
    without = [one for one in systems["staffing"].pages("assignments") if not one["jobCode"]]
    assert len(without) == 1


def test_what_integrations_may_only_read_they_cannot_write(
    systems: dict[str, SandboxClient],
) -> None:
    for kind, name in (("staffing", "people"), ("contracts", "agreements"), ("support", "cases")):
        bearer = systems[kind]._credentials()
        assert systems[kind].send("POST", f"/v1/{name}", {}, bearer).status == 405
        assert systems[kind].send("GET", f"/v1/{name}").status == 401
