"""Says that a backup was restored: `manage.py after_restore`, before a worker starts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from governance import correlation
from governance.actors import command_actor
from syncjobs.engine.restored import DAYS, ask_first
from tenants.context import schema_scope
from tenants.services.trail_names import all_trails, trail_named


class Command(BaseCommand):
    """For a database that was restored together with the state directory, or from a replica."""

    help = (
        "Ask in clients' systems first before anything is made there, since what was sent after "
        "the backup is not known any more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--partner", default="", help="this partner's slug alone")
        parser.add_argument("--days", type=int, default=DAYS, help=f"for so long (default {DAYS})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it for each partner, and say where what is known ends."""
        asked = options["partner"]
        schemas = [trail_named(asked)] if asked else all_trails()[1:]
        with correlation.scope(actor=command_actor("after_restore"), door="command"):
            for schema in schemas:
                with schema_scope(schema):
                    done = ask_first(reason="A backup was restored.", days=options["days"])
                known = f"until {done.until:%Y-%m-%d %H:%M} UTC" if done.until else "of nothing"
                self.stdout.write(
                    f"{schema}: known {known}; {done.connections} systems are asked first, "
                    f"{done.streams} sources are read again."
                )
