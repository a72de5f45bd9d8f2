"""How long a new partner takes, from the call to the owner's link."""

import statistics
import time

from django.core.management import call_command

from bench import partners
from bench.figures import Figure, at_most, reported
from governance import correlation
from governance.actors import command_actor

ROUNDS = 15
REACH_SECONDS = 1.5
LIMIT = "PostgreSQL making the tables and indexes of one schema"


def _seconds(slug: str) -> float:
    begin = time.perf_counter()
    partners.provision(slug, f"Bench {slug}")
    return time.perf_counter() - begin


def measure() -> list[Figure]:
    """Set up partners one after another; the first one, which builds the template, apart."""
    slugs = [f"bench-provisioning-{number}" for number in range(ROUNDS + 1)]
    call_command("migrate", verbosity=0, interactive=False)
    partners.take_away(slugs)
    try:
        with correlation.scope(actor=command_actor("bench"), door="command"):
            first, *seconds = [_seconds(slug) for slug in slugs]
    finally:
        partners.take_away(slugs)
    return [
        at_most("provisioning.p50", statistics.median(seconds), "s", REACH_SECONDS, LIMIT),
        reported("provisioning.slowest", max(seconds), "s", LIMIT),
        reported("provisioning.first", first, "s", "building the template if it is not there"),
    ]
