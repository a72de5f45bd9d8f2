"""A child process that answers for one installation: `python -m bench.site PARTNERS`.

It has a state directory, a database and caches of its own, so that an installation with two
partners and one with a thousand can be asked in turns within the same seconds. It reads one
JSON command a line from its input and answers one JSON line each.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

PATH = "/sign-in/"


def _ensure(count: int) -> int:
    """Provision partners until there are `count`; return how many were there before."""
    from governance import correlation
    from governance.actors import command_actor
    from tenants.context import public_scope
    from tenants.models import Partner
    from tenants.services.provisioning import provision_partner

    with public_scope():
        there = set(Partner.objects.values_list("slug", flat=True))
    with correlation.scope(actor=command_actor("bench"), door="command"):
        for number in range(count):
            if _slug(number) in there:
                continue
            provision_partner(
                command_actor("bench"),
                name=f"Bench Host {number}",
                slug=_slug(number),
                owner_email="owner@bench.example",
                owner_name="Bench Owner",
            )
            if number % 100 == 99:
                print(f"  {number + 1} partners", file=sys.stderr, flush=True)
    return len(there)


def _slug(number: int) -> str:
    return f"bench-host-{number}"


def _page(number: int) -> Callable[[], None]:
    from django.test import Client

    host = f"{_slug(number)}.localhost"
    browser = Client(headers={"host": host})

    def ask() -> None:
        answer = browser.get(PATH)
        assert answer.status_code == 200, f"{host}{PATH} answered {answer.status_code}"

    return ask


def _times(pages: list[Callable[[], None]], requests: int, *, cold: bool) -> list[float]:
    """Return milliseconds of each request, the pages in turn; `cold` empties the caches before."""
    from django.core.cache import cache

    taken = []
    for number in range(requests):
        if cold:
            cache.clear()
        begin = time.perf_counter()
        pages[number % len(pages)]()
        taken.append(1000 * (time.perf_counter() - begin))
    return taken


def main() -> None:
    """Make the installation, then answer until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    answers, sys.stdout = sys.stdout, sys.stderr  # what commands say is not an answer
    partners = int(sys.argv[1])
    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate_partners", stdout=io.StringIO())
    print(json.dumps(_ensure(partners)), file=answers, flush=True)
    pages: dict[int, Callable[[], None]] = {}
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        for number in asked["partners"]:
            if number not in pages:
                pages[number] = _page(number)
                pages[number]()
        chosen = [pages[number] for number in asked["partners"]]
        times = _times(chosen, asked["requests"], cold=asked["cold"])
        print(json.dumps(times), file=answers, flush=True)
    from django.db import connection

    connection.close()
    call_command("database", "stop", stdout=io.StringIO())


if __name__ == "__main__":
    main()
