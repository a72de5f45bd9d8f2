"""Erases a person for good: `manage.py erase_person`."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from governance import correlation
from governance.actors import command_actor
from tenants.accounts.models import User
from tenants.accounts.services.erasing import erase_person
from tenants.context import schema_scope
from tenants.services.trail_names import OPERATORS, trail_named


class Command(BaseCommand):
    """What the audit trail says of them can't be read again; the trail's proof holds."""

    help = "Erase a person whose account is closed, in the account and in the audit trail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--partner", required=True, help=f"the partner's slug, or “{OPERATORS}”"
        )
        parser.add_argument("--email", required=True, help="the person's address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say so."""
        schema = trail_named(options["partner"])
        actor = command_actor("erase_person")
        with schema_scope(schema), correlation.scope(actor=actor, door="command"):
            user = User.objects.filter(email=options["email"].strip().lower()).first()
            if user is None:
                raise CommandError(f"{options['email']} is nobody at {options['partner']}.")
            try:
                erase_person(actor, user)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Erased. Account {user.pk} stays, closed and without a name. In at most 30 seconds "
            "no process can read what the audit trail says of them."
        )
