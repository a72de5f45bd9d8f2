"""Let an operator in again who has lost their second factors."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import correlation
from governance.actors import command_actor
from tenants.management.commands.provision_partner import sentences
from tenants.services.operators import reset_operator_factors


class Command(BaseCommand):
    """`reset_operator_factors --email … --reason …`: the password alone opens then."""

    help = "Take an operator's second factors away, and sign them out everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--reason", required=True, help="kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = command_actor("reset_operator_factors")
        with correlation.scope(actor=actor, door="command"):
            try:
                operator = reset_operator_factors(actor, options["email"], options["reason"])
            except ValidationError as error:
                raise CommandError(sentences(error)) from error
        self.stdout.write(f"{operator.name} has no second factor now, and is signed out.")
