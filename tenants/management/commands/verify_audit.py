"""Checks an audit trail against its seals and anchors: `manage.py verify_audit`."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.anchor_files import kept_at
from governance.services.verifying import verify_trail
from governance.verdicts import Report
from tenants.context import schema_scope
from tenants.services.trail_names import OPERATORS, all_trails, trail_named


class Command(BaseCommand):
    """Reads only. Ends with 1 when something is not as it was sealed, with 2 when all that was
    compared is, but a place could not be."""

    help = "Check every entry, seal and anchor of an audit trail; the first bad entry is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--partner", help=f"the partner's slug, or “{OPERATORS}”")
        whose.add_argument("--all", action="store_true", help="every trail")
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="anchors that somebody kept, such as a saved mail; as often as there are files",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and say what was found."""
        broken, unread = [], []
        if options["all"] and options["anchor"]:
            raise CommandError("A file of anchors is of one trail: name it with --partner.")
        for schema in all_trails() if options["all"] else [trail_named(options["partner"])]:
            with schema_scope(schema):
                report = verify_trail(files=[kept_at(one) for one in options["anchor"]])
            self._tell(report)
            if not report.holds:
                broken.append(schema)
            elif not report.is_whole:
                unread.append(schema)
        if broken:
            raise CommandError(f"Not as it was sealed: {', '.join(broken)}.")
        if unread:
            raise CommandError(
                f"Not every place could be compared: {', '.join(unread)}.", returncode=2
            )

    def _tell(self, report: Report) -> None:
        for finding in report.findings:
            self.stdout.write(f"BAD: {finding}")
        for note in report.notes:
            self.stdout.write(f"Note: {note}")
        for place in report.places:
            self.stdout.write(f"Anchors. {place}")
        verdict = "Holds." if report.is_whole else "Holds as far as it could be compared."
        self.stdout.write(
            f"{report.trail}: {report.entries} entries in {report.seals} seals "
            f"(sealed until {_moment(report.sealed_until)}, anchored up to seal "
            f"{report.anchored} at {_moment(report.anchored_until)}), "
            f"{report.pending} waiting to be sealed. {verdict if report.holds else 'BROKEN.'}"
        )


def _moment(at: float | None) -> str:
    return "never" if at is None else f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
