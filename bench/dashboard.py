"""The partner's first page with 200 clients, and a search over 100,000 records.

Asked through Django's own handler, signed in as the owner, host and brand cached as they are
between two clicks.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_tenants.utils import tenant_context

from bench import partners
from bench.crowd import make_crowd
from bench.figures import Figure, at_most, reported
from governance import correlation
from governance.actors import command_actor
from tenants.accounts.models import User
from tenants.models import Partner
from tenants.postgres import roles

SLUG: Final = "bench-dashboard"
CLIENTS: Final = 200
RECORDS_EACH: Final = 500
ROUNDS: Final = 40
COLD_ROUNDS: Final = 10
PARTS: Final = ("money", "activity")
REACH_MS: Final = 150
REACH_QUERIES: Final = 12
# A word in a quarter of the records, a key, and what is not there.
SEARCHED: Final = {"harbour": "common", "R-7-00042": "key", "zzyzx": "nothing"}
SEARCH_LIMIT: Final = "one query by kind; records by their index of words"
LIMIT: Final = "counting two weeks of deliveries by client"


@contextmanager
def _partner() -> Iterator[Partner]:
    """Set up a partner with a crowd of clients; it goes afterwards."""
    call_command("migrate", verbosity=0, interactive=False)
    partners.take_away([SLUG])
    try:
        with correlation.scope(actor=command_actor("bench"), door="command"):
            partners.provision(SLUG, "Bench Dashboard")
        partner = Partner.objects.get(slug=SLUG)
        with tenant_context(partner):
            make_crowd(CLIENTS, RECORDS_EACH)
        with roles.owner_connection(autocommit=True) as owner:
            for table in ("canonicalrecord", "delivery", "issue", "hold"):
                owner.execute(f'ANALYZE "{partner.schema_name}".syncjobs_{table}'.encode())
        yield partner
    finally:
        partners.take_away([SLUG])


def _browser(partner: Partner) -> Browser:
    browser = Browser(headers={"host": f"admin.{SLUG}.localhost"})
    with tenant_context(partner):
        browser.force_login(User.objects.get())
    return browser


def _asking(browser: Browser, address: str) -> Callable[[], None]:
    def ask() -> None:
        answer = browser.get(address)
        assert answer.status_code == 200, f"{address} answered {answer.status_code}"

    return ask


def _milliseconds(ask: Callable[[], None]) -> list[float]:
    ask()
    taken = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begin))
    return sorted(taken)


def _suggest(words: str) -> str:
    return f"{reverse('search_suggest', urlconf='config.urls_admin')}?{urlencode({'q': words})}"


def _cold(ask: Callable[[], None]) -> list[float]:
    """Return the milliseconds of a few requests with nothing cached."""
    taken = []
    for _ in range(COLD_ROUNDS):
        cache.clear()
        begin = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begin))
    return taken


def measure() -> list[Figure]:
    """Ask for the page as the owner of a partner with 200 clients and 100,000 records."""
    with _partner() as partner:
        browser = _browser(partner)
        page = _asking(browser, "/")
        taken = _milliseconds(page)
        begin = time.process_time()
        for _ in range(ROUNDS):
            page()
        own = 1000 * (time.process_time() - begin) / ROUNDS
        with CaptureQueriesContext(connection) as captured:
            page()
        queries = [one for one in captured if not one["sql"].startswith("SET ")]
        cold = _cold(page)
        found = {words: _milliseconds(_asking(browser, _suggest(words))) for words in SEARCHED}
        parts = {name: _milliseconds(_asking(browser, f"/overview/{name}/")) for name in PARTS}
    return [
        at_most("dashboard.p50", statistics.median(taken), "ms", REACH_MS, LIMIT),
        reported("dashboard.p95", taken[int(0.95 * ROUNDS)], "ms", LIMIT),
        reported("dashboard.own_cpu", own, "ms", "rendering, without waiting for the database"),
        reported("dashboard.cold_p50", statistics.median(cold), "ms", LIMIT),
        at_most("dashboard.queries", len(queries), "queries", REACH_QUERIES, "one by kind of row"),
        *(
            reported(f"dashboard.{name}_p50", statistics.median(times), "ms", "loaded afterwards")
            for name, times in parts.items()
        ),
        *(
            reported(f"search.{name}_p50", statistics.median(found[words]), "ms", SEARCH_LIMIT)
            for words, name in SEARCHED.items()
        ),
    ]
