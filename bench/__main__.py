"""`make bench [ONLY=name]`: measure, print a table, write bench/results.json.

Everything is kept in `.livery/bench` (or LIVERY_STATE_DIR): the first run makes 1,000
partners, which takes minutes, and later runs find them there.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import django

from bench.figures import Figure, table

ENGINE = tuple(f"b{number}" for number in range(1, 12))
SUITES = (
    "mapping",
    "hostile",
    "provisioning",
    "brand",
    "overhead",
    "dashboard",
    "turns",
    "audit",
    "telling",
    *ENGINE,
)
RESULTS = Path(__file__).parent / "results.json"
STATE = Path(__file__).resolve().parent.parent / ".livery" / "bench"


def main() -> int:
    """Run the suites that were asked for; 1 when a figure misses its reach."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", type=str.lower, choices=SUITES, help="measure one suite alone")
    asked = parser.parse_args().only
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("LIVERY_LOG_LEVEL", "WARNING")
    own_state = "LIVERY_STATE_DIR" not in os.environ
    if own_state:
        os.environ["LIVERY_STATE_DIR"] = str(STATE)
    django.setup()
    try:
        figures = _figures([asked] if asked else SUITES)
    finally:
        if own_state and not os.environ.get("DATABASE_URL"):
            _stop_database()
    print(table(figures))
    RESULTS.write_text(json.dumps([one.as_json() for one in figures], indent=1) + "\n")
    return 0 if all(one.holds is not False for one in figures) else 1


def _figures(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        print(f"Measuring {name} …", file=sys.stderr, flush=True)
        figures += import_module(f"bench.{name}").measure()
    return figures


def _stop_database() -> None:
    """Stop the bench's own database server; its partners stay for the next run."""
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    call_command("database", "stop", stdout=io.StringIO())


if __name__ == "__main__":
    sys.exit(main())
