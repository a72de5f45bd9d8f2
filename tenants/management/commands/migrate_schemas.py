"""Migrations of the public schema and of the partners', run as the role that owns them."""

from typing import Any

from django.dispatch import receiver
from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand
from django_tenants.signals import schema_migrated

from tenants.postgres import grants, roles
from tenants.services import migrating, template


@receiver(schema_migrated)
def grant_after_migrating(schema_name: str, **kwargs: object) -> None:
    """Give the runtime role its privileges on the tables that are new."""
    with roles.owner_connection() as owner:
        grants.grant_runtime(owner, schema_name)


class Command(MigrateSchemasCommand):  # type: ignore[misc]  # the library has no type hints
    """The library's command as the owner; without a target, only partners that lack any."""

    def handle(self, *args: Any, **options: Any) -> None:
        targeted = options["schema_name"] or options["app_label"] or options["plan"]
        if targeted or options["tenant"] or options["shared"] or options["check_unapplied"]:
            with roles.as_owner():
                super().handle(*args, **options)
            return
        with roles.as_owner():
            super().handle(*args, **{**options, "shared": True})
        failed = [
            outcome
            for outcome in migrating.migrate_partners(tell=self.stdout.write)
            if outcome.error
        ]
        if failed:
            raise migrating.failure(failed)
        if template.prepare():
            self.stdout.write("What new partners are made from is ready.")
