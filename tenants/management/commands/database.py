"""Start, stop or look at the embedded database server."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.postgres.bootstrap import DATABASE, OWNER
from tenants.postgres.cluster import cluster_for


class Command(BaseCommand):
    """`database start|stop|status`. Any other command starts the server by itself."""

    help = "Start, stop or look at the embedded database server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_URL:
            raise CommandError("DATABASE_URL is set, so there is no embedded server to manage.")
        cluster = cluster_for(settings.STATE_DIR)
        if options["action"] == "stop":
            self.stdout.write("Stopped." if cluster.stop() else "It did not run.")
            return
        if options["action"] == "start":
            cluster.ensure_running()
        pid = cluster.running_pid()
        if pid is None:
            self.stdout.write("It does not run; the next command that needs it starts it.")
            return
        layout = cluster.layout
        self.stdout.write(
            f"PostgreSQL {cluster.binaries().version}, process {pid}, data in {layout.data}\n"
            f"psql -h {layout.socket_dir} -U {OWNER} {DATABASE}"
        )
