"""Sends the mails that are due, in this process: `manage.py send_mail`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django_tenants.utils import get_public_schema_name

from governance import correlation
from governance.actors import command_actor
from tenants.context import schema_scope
from tenants.outbox.services.sending import send_due
from tenants.services.suspension import working_schemas


class Command(BaseCommand):
    """For an installation where no worker runs, and for whoever wants to see it happen."""

    help = "Send the mails that are due now, of all partners and the operators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--schema", default="", help="of this schema only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send, and say how many were tried."""
        everyone = [get_public_schema_name(), *sorted(working_schemas())]
        schemas = [options["schema"]] if options["schema"] else everyone
        tried = 0
        with correlation.scope(actor=command_actor("send_mail"), door="command"):
            for schema in schemas:
                with schema_scope(schema):
                    tried += send_due()
        self.stdout.write(f"{tried} mails were tried; the log of mails says what came of each.")
