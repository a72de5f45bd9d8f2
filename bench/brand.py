"""What the brand costs a page, and how fast `/theme.css` is answered.

One partner with colours, words and a logo's worth of values, asked through Django's own handler.
"Warm" is as a visitor finds it: the process has answered for this partner before. "Cold" empties
the process's cache before each, so that the brand is read from the database.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from bench import partners
from bench.figures import Figure, at_most
from governance import correlation
from governance.actors import command_actor
from tenants.models import Partner

SLUG: Final = "bench-brand"
ROUNDS: Final = 300
READ: Final = "one query for the brand and the clients' logos; then the process's cache"
SENT: Final = "Django's handler and the host look-up; the text is made once a process"


def measure() -> list[Figure]:
    """Make a partner, measure the identity and the stylesheet, and take the partner away."""
    call_command("migrate", verbosity=0, interactive=False)
    partners.take_away([SLUG])
    try:
        with correlation.scope(actor=command_actor("bench"), door="command"):
            partners.provision(SLUG, "Bench Brand")
        with tenant_context(Partner.objects.get(slug=SLUG)):
            cold_queries, warm_queries = _queries()
            cold, warm = _identity(cold=True), _identity(cold=False)
        theme = _theme()
    finally:
        partners.take_away([SLUG])
    return [
        at_most("brand.queries_cold", cold_queries, "queries", 1, READ),
        at_most("brand.queries_warm", warm_queries, "queries", 0, READ),
        at_most("brand.cold_p50", cold, "ms", 2, READ),
        at_most("brand.warm_p50", warm, "ms", 2, READ),
        at_most("brand.theme_warm_p50", theme, "ms", 3, SENT),
    ]


def _queries() -> tuple[int, int]:
    from branding.services.identity import current_identity, forget_identity

    forget_identity()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            current_identity()
        counts.append(sum("search_path" not in one["sql"] for one in asked.captured_queries))
    return counts[0], counts[1]


def _identity(*, cold: bool) -> float:
    from branding.services.identity import current_identity, forget_identity

    return _p50(current_identity, forget_identity if cold else None)


def _theme() -> float:
    browser = Client(headers={"host": f"{SLUG}.localhost"})

    def ask() -> None:
        answer = browser.get("/theme.css")
        assert answer.status_code == 200, answer.status_code

    ask()
    return _p50(ask)


def _p50(act: Callable[[], object], before: Callable[[], None] | None = None) -> float:
    """Return the median milliseconds of one act; `before` is not measured."""
    taken = []
    for _ in range(ROUNDS):
        if before:
            before()
        begin = time.perf_counter()
        act()
        taken.append(1000 * (time.perf_counter() - begin))
    return median(taken)
