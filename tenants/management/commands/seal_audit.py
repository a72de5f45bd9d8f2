"""Seals and anchors the audit trails now: `manage.py seal_audit`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance import correlation
from governance.actors import command_actor
from governance.services.seals import SealingRefused
from tenants.context import schema_scope
from tenants.services.outside import anchor_outside, standings
from tenants.services.trail_names import all_trails, trail_named
from tenants.services.trails import seal_here


class Command(BaseCommand):
    """For an installation where no worker runs, and before a backup."""

    help = "Seal and anchor the audit trails of all partners and the operators, now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--partner", default="", help="this partner's slug, or “operators”")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, and say how many entries were."""
        asked = options["partner"]
        failed = False
        with correlation.scope(actor=command_actor("seal_audit"), door="command"):
            for schema in [trail_named(asked)] if asked else all_trails():
                with schema_scope(schema):
                    try:
                        count = seal_here(anchor_every=timedelta(0))
                        self.stdout.write(f"{schema}: {count} entries sealed.")
                        anchor_outside(now=True)
                        failed |= self._say_failing()
                    except (SealingRefused, OSError) as error:
                        self.stderr.write(f"{schema}: {error}")
                        failed = True
        if failed:
            raise CommandError("Not every trail could be sealed and anchored; see above.")

    def _say_failing(self) -> bool:
        """Name the further places that took nothing; say whether there were any."""
        failing = [(sink, one) for sink, one in standings() if one.failing]
        for sink, one in failing:
            self.stderr.write(f"{sink.label}: {one.said}")
        return bool(failing)
