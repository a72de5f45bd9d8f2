"""How long a new partner takes, from the call to the owner's link."""

import statistics
import time

from django.core.management import call_command

from bench.figures import Figure, at_most, reported
from governance import correlation
from governance.actors import command_actor
from tenants.context import public_scope
from tenants.models import Domain, Partner, Wakeup
from tenants.postgres import roles, schemas
from tenants.services.provisioning import provision_partner, schema_of

ROUNDS = 15
REACH_SECONDS = 1.5
LIMIT = "PostgreSQL making the tables and indexes of one schema"


def _slug(number: int) -> str:
    return f"bench-provisioning-{number}"


def _take_away(numbers: range) -> None:
    slugs = [_slug(number) for number in numbers]
    with public_scope():
        Domain.objects.filter(tenant__slug__in=slugs).delete()
        Wakeup.objects.filter(schema_name__in=[schema_of(slug) for slug in slugs]).delete()
        Partner.objects.filter(slug__in=slugs)._raw_delete("default")
    with roles.owner_connection(autocommit=True) as owner:
        for slug in slugs:
            schemas.drop_schema(owner, schema_of(slug))


def _seconds(number: int) -> float:
    begin = time.perf_counter()
    provision_partner(
        command_actor("bench"),
        name=f"Bench {number}",
        slug=_slug(number),
        owner_email="owner@bench.example",
        owner_name="Bench Owner",
    )
    return time.perf_counter() - begin


def measure() -> list[Figure]:
    """Set up partners one after another; the first one, which builds the template, apart."""
    numbers = range(ROUNDS + 1)
    call_command("migrate", verbosity=0, interactive=False)
    _take_away(numbers)
    try:
        with correlation.scope(actor=command_actor("bench"), door="command"):
            first, *seconds = [_seconds(number) for number in numbers]
    finally:
        _take_away(numbers)
    return [
        at_most("provisioning.p50", statistics.median(seconds), "s", REACH_SECONDS, LIMIT),
        reported("provisioning.slowest", max(seconds), "s", LIMIT),
        reported("provisioning.first", first, "s", "building the template if it is not there"),
    ]
