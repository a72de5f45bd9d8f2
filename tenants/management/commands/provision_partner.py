"""Set up a partner from the command line."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import correlation
from governance.actors import command_actor
from tenants.context import schema_scope
from tenants.outbox.services.sending import send_due
from tenants.services.hosts import HostDraft
from tenants.services.owner_invitation import invite_owner
from tenants.services.provisioning import ProvisioningError, provision_partner


def sentences(error: ValidationError) -> str:
    """Return a validation error as lines of field and message."""
    if not hasattr(error, "error_dict"):
        return "\n".join(error.messages)
    return "\n".join(
        f"{field.replace('_', ' ')}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    )


class Command(BaseCommand):
    """`provision_partner --name … --slug … --owner-email … --owner-name …`."""

    help = "Set up a partner: schema, hosts, first owner, starting content."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="the partner's name")
        parser.add_argument("--slug", required=True, help="small letters, digits, hyphens")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", required=True)
        parser.add_argument("--admin-host", action="append", default=[], help="further staff host")
        parser.add_argument("--portal-host", action="append", default=[], help="further host")
        parser.add_argument("--send", action="store_true", help="mail the owner their link")

    def handle(self, *args: Any, **options: Any) -> None:
        extra = [
            HostDraft(host, kind)
            for kind in ("admin", "portal")
            for host in options[f"{kind}_host"]
        ]
        actor = command_actor("provision_partner")
        with correlation.scope(actor=actor, door="command"):
            try:
                made = provision_partner(
                    actor,
                    name=options["name"],
                    slug=options["slug"],
                    owner_email=options["owner_email"],
                    owner_name=options["owner_name"],
                    hosts=extra,
                )
            except ValidationError as error:
                raise CommandError(sentences(error)) from error
            except ProvisioningError as error:
                raise CommandError(str(error)) from error
            if options["send"]:
                invite_owner(made, "The operator")
                with schema_scope(made.partner.schema_name):
                    send_due()  # now: on a new installation no worker may run yet
        self.stdout.write(
            f"{made.partner.name} is set up.\n"
            f"{made.owner_email} comes in once by: {made.invitation_link}"
        )
