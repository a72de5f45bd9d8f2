"""`manage.py mapping_preview`: run a mapping on a sample, and write nothing."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mappings.documents import canonical_json
from mappings.models import MappingVersion
from mappings.sample_files import sample_of_file
from mappings.sample_rows import BadSample, Samples, read_samples
from mappings.services.preview import around, preview_for
from mappings.services.trying import try_rows
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
        parser.add_argument("sample", help="a JSON, CSV or .xlsx file, or - for standard input")
        parser.add_argument("--row", type=int, default=0, help="the row of a table to show")
        parser.add_argument("--client", type=int, default=0, help="a client's own mapping first")

    def handle(self, *args: object, **options: str) -> None:
        with public_scope():
            partner = Partner.objects.filter(slug=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner {options['partner']!r}.")
        samples = self._samples(options["sample"])
        with schema_scope(partner.schema_name):
            version = live_version(options["mapping"], int(options["client"]))
            if version is None:
                raise CommandError(f"{partner.name} has no live mapping {options['mapping']!r}.")
            number = int(options["row"])
            row = samples.at(number)
            if number and row.number != number:
                last = samples.rows[-1].number
                raise CommandError(
                    f"There is no row {number}: they are {samples.rows[0].number} to {last}."
                )
            all_pass = self._show_rows(version, samples) if samples.is_table else True
            if number or all_pass:
                self._show(version, row.data)
            if not all_pass:
                raise CommandError("Some rows are refused.")

    def _samples(self, name: str) -> Samples:
        try:
            content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            text, notes = sample_of_file(content)
            samples = read_samples(text)
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
        except BadSample as error:
            raise CommandError(str(error)) from error
        for note in notes:
            self.stderr.write(note)
        return samples

    def _show_rows(self, version: MappingVersion, samples: Samples) -> bool:
        """Say how all rows fare, and return whether all come through."""
        mapping = version.mapping
        tried = try_rows(mapping, version.document, samples, {}, around(mapping))
        for cause in tried.causes:
            rows = ", ".join(map(str, cause.rows[:10])) + (" …" if cause.rows[10:] else "")
            which = "Rows" if cause.rows[1:] else "Row"
            self.stdout.write(f"{cause.target}: {cause.message} {which} {rows}.")
        made = f" They make {tried.made} records." if tried.made else ""
        self.stdout.write(f"{tried.passed} of {tried.total} rows come through.{made}")
        return tried.passed == tried.total

    def _show(self, version: MappingVersion, sample: dict[str, object]) -> None:
        """Say what becomes of one record. Raises CommandError when it is refused."""
        shown = preview_for(version.mapping, version.document, sample)
        for row in shown.rows:
            result = row.problem or ("left out" if row.skipped else _said(row.value))
            steps = "".join(f" → {_said(step.value)}" for step in row.steps)
            self.stdout.write(f"{row.target:24} {_said(row.taken)}{steps} → {result}")
        for words, notes in (("It waits", shown.holds), ("Warning", shown.warnings)):
            for note in notes:
                self.stdout.write(f"{words}: {note}")
        if shown.is_refused:
            wrong = [str(one) for one in (*shown.faults, *shown.problems)]
            raise CommandError("The sample is refused. " + " ".join(wrong))
        if shown.several:
            self.stdout.write(f"It makes {len(shown.results)} records; above is the first.")
        for one in shown.results:
            self.stdout.write(canonical_json(kept(one.data)))


def _said(value: object) -> str:
    return "–" if value is None else str(value)
