"""What tenancy and brand cost per request, with 2 and with 1,000 partners.

The same page (sign-in: host look-up, schema, brand, theme address) is asked of one partner
while few and while many partners exist, interleaved in blocks, through Django's own
handler, so that neither a network nor a server's workers blur it. Partners beyond the
first two are schemas replayed from the template, like real ones.
"""

import statistics
import time
from collections.abc import Callable

from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from bench.figures import Figure, at_most, reported
from governance import correlation
from governance.actors import command_actor
from tenants.context import public_scope
from tenants.models import Partner
from tenants.services.provisioning import provision_partner

FEW, MANY = 2, 1_000
ROUNDS, REQUESTS = 7, 60
REACH = 1.1
PATH = "/sign-in/"


def _ensure(count: int) -> None:
    """Provision partners until there are `count` of them."""
    with public_scope():
        there = Partner.objects.filter(slug__startswith="bench-host-").count()
    with correlation.scope(actor=command_actor("bench"), door="command"):
        for number in range(there, count):
            provision_partner(
                command_actor("bench"),
                name=f"Bench Host {number}",
                slug=f"bench-host-{number}",
                owner_email="owner@bench.example",
                owner_name="Bench Owner",
            )


def _block(ask: Callable[[], object], *, cold: bool) -> float:
    """Return milliseconds per request; `cold` empties the caches before each."""
    taken = 0.0
    for _ in range(REQUESTS):
        if cold:
            cache.clear()
        begin = time.perf_counter()
        ask()
        taken += time.perf_counter() - begin
    return 1000 * taken / REQUESTS


def _page(partner: int) -> Callable[[], object]:
    browser = Client(headers={"host": f"bench-host-{partner}.localhost"})
    return lambda: browser.get(PATH)


def _medians() -> tuple[float, float]:
    """Return the median milliseconds of a warm and of a cold request."""
    pages = [_page(0), _page(1)]
    for page in pages:
        page()
    warm = [_block(page, cold=False) for _ in range(ROUNDS) for page in pages]
    cold = [_block(page, cold=True) for _ in range(ROUNDS) for page in pages]
    return statistics.median(warm), statistics.median(cold)


def measure() -> list[Figure]:
    """Measure with few partners, then with many, in one run; report the ratios."""
    call_command("migrate", verbosity=0, interactive=False)
    _ensure(FEW)
    with public_scope():
        there = Partner.objects.count()
    few = _medians()
    _ensure(MANY)
    many = _medians()
    limit = "rendering the page; the host look-up is one indexed query, then cached"
    return [
        reported("overhead.partners_at_first", there, "partners", "what earlier runs left"),
        reported("overhead.warm", many[0], "ms", limit),
        reported("overhead.cold", many[1], "ms", limit),
        at_most("overhead.warm_ratio", many[0] / few[0], "×", REACH, limit),
        at_most("overhead.cold_ratio", many[1] / few[1], "×", REACH, limit),
    ]
