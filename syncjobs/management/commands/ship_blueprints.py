"""Brings each partner the blueprints of this release: `manage.py ship_blueprints`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from governance import correlation
from governance.actors import command_actor
from syncjobs.services.shipping import partners_behind, ship_blueprints
from tenants.context import schema_scope


class Command(BaseCommand):
    """Each partner in a transaction of its own; who has everything is not visited. It goes on
    where it stopped, and what it leaves the worker brings within an hour."""

    help = "Give every partner the newest shipped blueprints; running workflows stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--plan", action="store_true", help="only list who is behind")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ship, and say what each partner got."""
        schemas = partners_behind()
        if options["plan"]:
            for schema in schemas:
                self.stdout.write(schema)
            self.stdout.write(f"{len(schemas)} behind.")
            return
        actor, failed = command_actor("ship_blueprints"), []
        with correlation.scope(actor=actor, door="command"):
            for schema in schemas:
                try:
                    with schema_scope(schema):
                        self.stdout.write(f"{schema}: {_said(ship_blueprints(actor))}")
                except DatabaseError as error:
                    failed.append(schema)
                    self.stderr.write(f"{schema}: {' '.join(str(error).split())}")
        if failed:
            raise CommandError(f"{len(failed)} not reached: {', '.join(failed)}. Run it again.")
        if not schemas:
            self.stdout.write("Every partner has the newest blueprints.")


def _said(count: int) -> str:
    return f"{count} new." if count else "its own copies stay, for it to decide."
