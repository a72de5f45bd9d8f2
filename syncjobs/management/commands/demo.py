"""`manage.py demo`: two partners at work on running systems, from nothing to a served product."""

import io
import json
import signal
import time
from contextlib import ExitStack
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from syncjobs.demo import processes, run, scene
from syncjobs.demo.mishaps import OUTAGE_SECONDS, Mishaps
from syncjobs.demo.people import door
from syncjobs.demo.serve import PortTakenError, require_free, serve
from syncjobs.demo.setting import (
    FULL,
    USUAL,
    AlreadyRunningError,
    AnotherSizeError,
    Setting,
    load_setting,
    only_one,
)
from syncjobs.demo.table import client_table, sign_in_table
from syncjobs.demo.telling import Teller
from tenants.postgres.cluster import cluster_for

EXPECTED = (
    AlreadyRunningError,
    AnotherSizeError,
    PortTakenError,
    processes.ProcessError,
    *run.FAILURES,
    *scene.FAILURES,
)


class Command(BaseCommand):
    """See `syncjobs.demo`. Exit code 0 when all control totals are equal."""

    help = "Show the product at work: two partners, their clients, and their clients' systems."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end after the table")
        parser.add_argument("--systems", choices=scene.CHOICES, default=scene.SANDBOX)
        parser.add_argument(
            "--month",
            choices=(USUAL, FULL),
            default="",
            help="full: 18,000 records, a target that refuses, workers that are killed",
        )
        parser.add_argument("--outage", type=float, default=OUTAGE_SECONDS, help="seconds of it")
        parser.add_argument("--port", type=int, default=settings.PUBLIC_PORT or 8000)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo is for a machine of your own; this one is in production.")
        tell = Teller()
        try:
            with only_one(settings.STATE_DIR / "demo"), ExitStack() as stack:
                try:
                    matches = self._play(tell, stack, options)
                finally:
                    # From here all that was started is ended; a second Ctrl-C must not cut in.
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
        except EXPECTED as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            tell.line("Stopped; everything that was started has ended. Run it again to go on.")
            raise SystemExit(130) from None
        if not matches:
            raise SystemExit(1)

    def _play(self, tell: Teller, stack: ExitStack, options: dict[str, Any]) -> bool:
        begin, since = time.monotonic(), timezone.now()
        signal.signal(signal.SIGTERM, _interrupt)  # so that a kill ends in order too
        if not options["once"]:
            require_free(options["port"])
        setting = load_setting(settings.STATE_DIR / "demo", options["month"])
        with tell.step("Database"):
            _open_database(stack)
        with tell.step("The clients' systems, with their month in them"):
            opened = scene.open_scene(stack, setting, options["systems"], tell)
        children = []
        if not options["once"]:
            children.append(stack.enter_context(processes.web(options["port"])))
        stages = run.set_the_stage(tell, setting, opened.partners, opened.systems, options["port"])
        # Not before: a fast machine would be through with the month before anything goes wrong.
        worker = stack.enter_context(processes.worker(options["port"]))
        children.append(worker)
        mishaps = None
        if setting.size == FULL and any(one.new_records for one in opened.systems.values()):
            first = next(iter(stages[0].systems.values()))
            schemas = [stage.schema for stage in stages]
            mishaps = Mishaps(worker, first, schemas, tell.line, options["outage"])
            stack.callback(mishaps.end)
        outcome = run.play(tell, stages, worker, since, mishaps)
        for result in outcome.results:
            for line in client_table(result):
                tell.line(line)
        seconds = time.monotonic() - begin
        _verdict(tell, outcome, seconds)
        self._doors(tell, setting, stages, options)
        if options["once"]:
            tell.line(json.dumps(outcome.as_json(len(stages), seconds)))
        else:
            processes.wait_for_web(children[0], options["port"])
            tell.line("\nServing. Press Ctrl-C to end it.")
            serve(children)
            tell.line("Ending the processes; the demo can be started again at any time.")
        return outcome.is_good and (mishaps is None or mishaps.all_happened)

    def _doors(
        self, tell: Teller, setting: Setting, stages: list[run.Stage], options: dict[str, Any]
    ) -> None:
        port = options["port"]
        tell.line(f"\nSign in with the password {setting.password}")
        for stage in stages:
            for line in sign_in_table(stage.sign_ins):
                tell.line(line)
        tell.line(f"\n  Operators  http://{settings.PLATFORM_DOMAIN}:{port}/")
        tell.line(f"    {scene.ensure_operator(setting)}")
        tell.line(f"  API        {door(stages[0].cast.slug, port, staff=True)}api/v1/")
        if options["once"]:
            tell.line("\n  These doors are open while `make demo` runs without ONCE=1.")


def _verdict(tell: Teller, outcome: run.Outcome, seconds: float) -> None:
    tell.line()
    if outcome.total("delivered") == 0 and outcome.new_source_records == 0:
        tell.line("Nothing new: every record was known already, and nothing was written.")
    for one in outcome.mishaps:
        tell.line(f"On the way: {one}.")
    if outcome.unexplained:
        tell.line(f"{outcome.unexplained} records are neither delivered nor say why.")
    equal = "All control totals are equal" if outcome.matches else "CONTROL TOTALS DIFFER"
    tell.line(
        f"{equal}. {outcome.total('delivered'):,} writes, {outcome.exceptions} exceptions open, "
        f"{seconds:.1f} s."
    )


def _open_database(stack: ExitStack) -> None:
    """Start it if need be (and then end it with us), and bring every schema up to date."""
    if not settings.DATABASE_URL:
        cluster = cluster_for(settings.STATE_DIR)
        if cluster.running_pid() is None:
            stack.callback(cluster.stop)
    stack.callback(connections.close_all)
    call_command("migrate", verbosity=0, stdout=io.StringIO())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
