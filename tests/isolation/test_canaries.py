"""A marker in every row of each client: nobody else's answers, logs, cache or queue hold it."""

import logging
import zlib

import pytest
from django.core.cache import cache
from django.core.signing import b64_decode
from django_q.models import OrmQ
from django_tenants.utils import tenant_context

from syncjobs.engine.doorbell import ring
from tests import actors
from tests.actors import Person
from tests.isolation.matrix import PAGES
from tests.isolation.routes import routes
from tests.isolation.sessions import signed_in
from tests.isolation.test_pages import Twins, address


def everything_shown(twins: Twins, person: Person) -> str:
    """Return all that a person can open at Northwind, as one text."""
    door = "portal" if person.client else "admin"
    browser = signed_in(twins["northwind"], person)
    paths: dict[str, None] = {}
    for route in routes(door):
        rule = PAGES[door].get(route.name)
        if rule is None or "GET" not in rule.methods:
            continue
        for side in ("Alder Consulting", "Birch Systems"):
            with tenant_context(twins["northwind"]):
                paths[address(route, side)] = None
    return "\n".join(browser.get(path).getvalue().decode(errors="replace") for path in paths)


@pytest.mark.parametrize(
    "person", [actors.ALICE, actors.FRANK, actors.GRACE, actors.MALLORY], ids=lambda one: one.name
)
def test_nobody_is_shown_what_is_not_theirs(
    person: Person, twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # Names each variable that is not there, without any value and with a long traceback.
    caplog.set_level(logging.INFO, "django.template")
    shown = everything_shown(twins, person)
    assert "canary-northwind" in shown, "the crawl has to find the person's own rows"
    assert "canary-brightbridge" not in shown
    assert "canary-brightbridge" not in caplog.text
    kept: dict[str, bytes] = cache._cache  # type: ignore[attr-defined]  # the memory cache's own dict
    assert kept, "the pages use the cache"
    foreign = [key for key, value in kept.items() if b"canary-northwind" in bytes(value)]
    assert all("p_northwind" in key for key in foreign), foreign
    if person.client == "Alder Consulting":
        assert "canary-northwind-birch" not in shown
    if person.client == "Birch Systems":
        assert "canary-northwind-alder" not in shown


def test_the_queue_holds_schema_names_and_nothing_of_a_client(twins: Twins) -> None:
    for partner in twins.values():
        with tenant_context(partner):
            ring()
    payloads = [row.payload for row in OrmQ.objects.all()]
    assert payloads, "ringing puts a row into the queue"
    for payload in payloads:
        assert "canary" not in payload
        assert "canary" not in repr(_unsigned(payload))


def _unsigned(payload: str) -> bytes:
    """Return a signed payload as bytes, without unpickling it."""
    data = payload.rsplit(":", 2)[0]
    raw = b64_decode(data.lstrip(".").encode())
    return zlib.decompress(raw) if data.startswith(".") else raw
