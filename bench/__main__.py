"""`make bench [ONLY=name]`: measure, print a table, write bench/results.json."""

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from bench.figures import Figure, table

SUITES = ("provisioning", "overhead", "one_way")
RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Run the suites that were asked for; 1 when a figure misses its reach."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", choices=SUITES, help="measure one suite alone")
    asked = parser.parse_args().only
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("LIVERY_LOG_LEVEL", "WARNING")
    os.environ.setdefault(
        "LIVERY_STATE_DIR", str(Path(__file__).resolve().parent.parent / ".livery" / "bench")
    )
    django.setup()
    figures: list[Figure] = []
    for name in [asked] if asked else SUITES:
        print(f"Measuring {name} …", file=sys.stderr, flush=True)
        figures += import_module(f"bench.{name}").measure()
    print(table(figures))
    RESULTS.write_text(json.dumps([one.as_json() for one in figures], indent=1) + "\n")
    return 0 if all(one.holds is not False for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
