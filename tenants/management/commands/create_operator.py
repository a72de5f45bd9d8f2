"""Add somebody who runs the installation."""

import getpass
import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import correlation
from governance.actors import command_actor
from tenants.management.commands.provision_partner import sentences
from tenants.services.operators import add_operator

PASSWORD_VARIABLE = "LIVERY_OPERATOR_PASSWORD"  # noqa: S105  a variable's name


class Command(BaseCommand):
    """`create_operator --email … --name …`; the password is asked for, or by link."""

    help = "Add an operator, who signs in at the operators' host."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--link", action="store_true", help="print a link to set the password instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = None if options["link"] else self._password()
        actor = command_actor("create_operator")
        with correlation.scope(actor=actor, door="command"):
            try:
                operator, link = add_operator(
                    actor, email=options["email"], name=options["name"], password=password
                )
            except ValidationError as error:
                raise CommandError(sentences(error)) from error
        self.stdout.write(f"{operator.name} may sign in as operator.")
        if password is None:
            self.stdout.write(f"The password is set once by: {link}")

    def _password(self) -> str:
        if given := os.environ.get(PASSWORD_VARIABLE):
            return given
        try:
            first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
        except EOFError as error:
            raise CommandError(
                f"There is nobody to ask: set {PASSWORD_VARIABLE}, or use --link."
            ) from error
        if first != second:
            raise CommandError("The two differ.")
        return first
