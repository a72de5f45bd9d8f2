"""Make an API token for an operator."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import correlation
from governance.actors import command_actor
from tenants.accounts.models import User
from tenants.accounts.permissions import OPERATOR_PERMISSIONS
from tenants.accounts.services.tokens import make_token
from tenants.context import public_scope
from tenants.management.commands.provision_partner import sentences


class Command(BaseCommand):
    """`create_operator_token --email … --name …`. The token is shown once."""

    help = "Make a token for the operators' API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the operator whose token it is")
        parser.add_argument("--name", required=True, help="what it is for")
        parser.add_argument(
            "--scope", action="append", choices=sorted(OPERATOR_PERMISSIONS), help="default: all"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = command_actor("create_operator_token")
        with correlation.scope(actor=actor, door="command"), public_scope():
            operator = User.objects.filter(
                email=options["email"].strip().lower(), kind=User.Kind.OPERATOR
            ).first()
            if operator is None:
                raise CommandError(f"There is no operator {options['email']!r}.")
            scopes = options["scope"] or sorted(OPERATOR_PERMISSIONS)
            try:
                _, text = make_token(actor, user=operator, name=options["name"], scopes=scopes)
            except ValidationError as error:
                raise CommandError(sentences(error)) from error
        self.stdout.write(text)
