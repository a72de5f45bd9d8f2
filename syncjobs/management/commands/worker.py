"""Runs the work of all partners: `manage.py worker`."""

import json
import os
import re
import socket
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from time import sleep
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from branding.tasks import draw_queued
from syncjobs.engine import doorbell, standing, stopping, supervisor
from syncjobs.tasks import run, seal_trails, send_mail
from tenants.context import public_scope
from tenants.heartbeats import beat, forget
from tenants.outbox.doorbell import adopt_schemas, due_schemas
from tenants.postgres.boot import check_at_start
from tenants.services.domain_checks import claim_due
from tenants.tasks import check_domain
from tenants.trail_marks import due_trails


class Command(BaseCommand):
    """Supervises a queue cluster, or works by itself, or says how work stands."""

    help = "Run the work of all partners until SIGTERM (stops within 20 seconds)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--inline", action="store_true", help="work in this process, without the queue"
        )
        parser.add_argument(
            "--status", action="store_true", help="say how work stands, as JSON, and end"
        )
        parser.add_argument(
            "--name",
            type=_name,
            default=socket.gethostname(),
            help="what status and doctor call it; each worker needs its own (default: the host's)",
        )
        parser.add_argument(
            "--forget",
            metavar="NAME",
            default="",
            help="miss a worker of this name no more, and end",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the options say."""
        if options["status"]:
            self.stdout.write(json.dumps(asdict(standing.standing()), indent=2, default=str))
            return
        if options["forget"]:
            forget(options["forget"])
            return
        check_at_start()
        stopping.listen()
        if options["inline"]:
            self._inline(options["name"])
            return
        # Another worker of the same name must not find it.
        place = Path(settings.STATE_DIR) / f"worker-{options['name']}-{os.getpid()}.stop"
        cluster = supervisor.Cluster(supervisor.queue_command(), place)
        graceful = supervisor.Supervisor(options["name"], cluster).run()
        self.stdout.write("Stopped." if graceful else "Stopped; what was in hand goes on later.")

    def _inline(self, name: str) -> None:
        while not stopping.asked_to_stop():
            with public_scope():
                adopt_schemas()
                mailing = due_schemas()
                due = doorbell.sweep_due()
                trails = due_trails()
            for schema in mailing:
                close_old_connections()
                send_mail(schema)
            for schema in due:
                close_old_connections()
                run(schema)
            close_old_connections()
            seal_trails(trails)
            for pk in claim_due():
                close_old_connections()
                check_domain(pk)
            drawn = draw_queued()
            beat(name)
            if not due and not mailing and not drawn:
                sleep(supervisor.SWEEP_SECONDS)
        forget(name)


def _name(text: str) -> str:
    """Return a worker's name: it is shown, and a part of a file's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", text):
        raise ArgumentTypeError("a name is 1 to 80 letters, digits, '.', '-' and '_'")
    return text
