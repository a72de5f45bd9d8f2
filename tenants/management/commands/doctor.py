"""Look at everything that can be wrong, and say what to do."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tenants.services.diagnosis import Finding, Level, diagnose, worst
from tenants.services.leftovers import drop_leftovers


class Command(BaseCommand):
    """`doctor [--json] [--clean]`. Exit code 1 when any check fails."""

    help = "Check the installation; each finding says what to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document, for programs")
        parser.add_argument(
            "--clean", action="store_true", help="drop the schemas of unfinished set-ups first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dropped = drop_leftovers() if options["clean"] else []
        findings = diagnose()
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "level": worst(findings).value,
                        "dropped": dropped,
                        "findings": [asdict(finding) for finding in findings],
                    },
                    indent=2,
                )
            )
        else:
            self._tell(findings, dropped)
        if worst(findings) is Level.FAIL:
            raise SystemExit(1)

    def _tell(self, findings: list[Finding], dropped: list[str]) -> None:
        for schema in dropped:
            self.stdout.write(f"Dropped the unfinished schema {schema}.")
        styles = {
            Level.OK: self.style.SUCCESS,
            Level.WARN: self.style.WARNING,
            Level.FAIL: self.style.ERROR,
        }
        for finding in findings:
            mark = styles[finding.level](f"{finding.level.value:<5}")
            self.stdout.write(f"{mark} {finding.name}: {finding.seen}")
            if finding.to_do:
                self.stdout.write(f"      → {finding.to_do}")
