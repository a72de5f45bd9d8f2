"""Bring every partner that is behind up to date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import Partner
from tenants.services import migrating, template
from tenants.services.pending import pending_partners, public_is_pending
from tenants.services.provisioning import schema_of


class Command(BaseCommand):
    """`migrate_partners [--jobs N] [--canary SLUG] [--plan]`. Exit code 1 when any failed."""

    help = "Migrate the partners that are behind: a canary first, then the rest in parallel."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, help="how many at once (default: up to 4)")
        parser.add_argument("--canary", default="", help="slug of the partner that goes first")
        parser.add_argument("--plan", action="store_true", help="only list who is behind")

        parser.add_argument(
            "--grant", action="store_true", help="only grant the runtime role its privileges anew"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if public_is_pending():
            raise CommandError("The public schema is behind: run `manage.py migrate` first.")
        if options["plan"]:
            self._show_plan()
            return
        if options["grant"]:
            self.stdout.write(f"Granted anew in {migrating.grant_everywhere()} schemas.")
            return
        if options["jobs"] is not None and options["jobs"] < 1:
            raise CommandError("--jobs must be 1 or more.")
        outcomes = migrating.migrate_partners(
            tell=self.stdout.write, jobs=options["jobs"], canary=self._canary(options["canary"])
        )
        failed = [outcome for outcome in outcomes if outcome.error]
        if failed:
            raise migrating.failure(failed)
        template.script_for("p_any")  # so that the next new partner need not wait for it

    def _canary(self, slug: str) -> str:
        if slug and not Partner.objects.filter(slug=slug).exists():
            raise CommandError(f"There is no partner {slug!r}.")
        return schema_of(slug) if slug else ""

    def _show_plan(self) -> None:
        rows = pending_partners()
        for row in rows:
            lacks = "has no history" if row.count is None else f"lacks {row.count}"
            self.stdout.write(f"{row.schema}: {lacks}")
        self.stdout.write(f"{len(rows)} behind.")
