"""`manage.py mapping_preview`: run a mapping on a sample, and write nothing."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mappings.documents import canonical_json
from mappings.services.preview import BadSample, preview_for, read_sample
from mappings.services.versions import live_version
from mappings.values import kept
from tenants.context import public_scope, schema_scope
from tenants.models import Partner


class Command(BaseCommand):
    """Shows, field by field, what the live version makes of a sample."""

    help = "Run a partner's live mapping on a sample record; exit code 1 when it is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", help="the partner's slug")
        parser.add_argument("mapping", help="the mapping's slug")
        parser.add_argument("sample", help="a JSON file, or - for standard input")
        parser.add_argument("--client", type=int, default=0, help="a client's own mapping first")

    def handle(self, *args: object, **options: str) -> None:
        with public_scope():
            partner = Partner.objects.filter(slug=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner {options['partner']!r}.")
        name = options["sample"]
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
            sample = read_sample(text)
        except (OSError, UnicodeDecodeError, BadSample) as error:
            raise CommandError(str(error)) from error
        with schema_scope(partner.schema_name):
            version = live_version(options["mapping"], int(options["client"]))
            if version is None:
                raise CommandError(f"{partner.name} has no live mapping {options['mapping']!r}.")
            shown = preview_for(version.mapping, version.document, sample)
        for row in shown.rows:
            result = row.problem or ("left out" if row.skipped else row.value)
            steps = "".join(f" → {step.value}" for step in row.steps)
            self.stdout.write(f"{row.target:24} {row.taken!s}{steps} → {result}")
        for note in (*shown.holds, *shown.warnings):
            self.stdout.write(str(note))
        if shown.data is None:
            wrong = [str(one) for one in (*shown.faults, *shown.problems)]
            raise CommandError("The sample is refused. " + " ".join(wrong))
        self.stdout.write(canonical_json(kept(shown.data)))
