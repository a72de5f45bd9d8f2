"""Sample records as people bring them: a JSON object, or rows of a table. Pure.

A table is CSV as programs export it, with commas, semicolons or tabs (so also what is copied
out of a spreadsheet). Its first row holds the headings; they become the fields' names.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from mappings.documents import is_storable
from mappings.json_text import BadJson, read_json
from mappings.values import MAX_TEXT
from tenants.tables.separated import BadText, rows_of

MAX_BYTES: Final = 200_000
MAX_ROWS: Final = 500
MAX_COLUMNS: Final = 60
MAX_NAME: Final = 100
_SEPARATORS: Final = ";,\t|"


class BadSample(ValueError):
    """A sample that can't be used. Fit to show."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One record. `number`: its row as a spreadsheet counts, 1 for a single object."""

    number: int
    data: dict[str, object]


@dataclass(frozen=True, slots=True)
class Samples:
    """Records to try a mapping on, at least one. `is_table`: whether they came as rows."""

    rows: Sequence[SampleRow]
    is_table: bool = False

    def at(self, number: int) -> SampleRow:
        """Return the record of a row, the first one when there is none of that number."""
        return next((one for one in self.rows if one.number == number), self.rows[0])

    def values_of(self, name: str) -> list[str]:
        """Return the texts that the records have under a name, without the empty ones."""
        found = [one.data.get(name) for one in self.rows]
        return [one for one in found if isinstance(one, str) and one]


def read_samples(text: str) -> Samples:
    """Return the records of a text. Raises BadSample in plain words."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("", "{", "["):
        return Samples([SampleRow(1, read_object(text))])
    return Samples(_table_rows(text), is_table=True)


def read_object(text: str) -> dict[str, object]:
    """Return a JSON object with its numbers exact. Raises BadSample in plain words."""
    try:
        found = read_json(text, most=MAX_BYTES)
    except BadJson as error:
        raise BadSample(str(error)) from error
    if not isinstance(found, dict):
        raise BadSample("The sample must be one JSON object, in braces, or rows of a table.")
    return found


def _table_rows(text: str) -> list[SampleRow]:
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadSample(f"The table is larger than {MAX_BYTES // 1000} kB; bring fewer rows.")
    if not is_storable(text):
        raise BadSample("The table holds a sign that can't be stored. Save it as CSV UTF-8.")
    table = _cells(text.lstrip("\ufeff"))
    if len(table) < 2:
        raise BadSample("The table has no rows below its headings.")
    if len(table) - 1 > MAX_ROWS:
        raise BadSample(f"The table has more than {MAX_ROWS} rows; bring fewer.")
    names = _names(table[0][1])
    return [SampleRow(number, _record(number, names, cells)) for number, cells in table[1:]]


def _cells(text: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty with their numbers."""
    rows = enumerate(rows_of(text, _SEPARATORS), 1)
    filled = ((number, row) for number, row in rows if any(cell.strip() for cell in row))
    try:
        return list(islice(filled, MAX_ROWS + 2))
    except BadText as error:
        raise BadSample(str(error)) from error


def _names(row: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise BadSample(f"The table has more than {MAX_COLUMNS} columns.")
    names = [name or f"Column {place}" for place, name in enumerate(names, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadSample(f"The heading {twice[0][:40]!r} stands there twice; name one otherwise.")
    if wrong := next((name for name in names if len(name) > MAX_NAME or name[:2] == "__"), ""):
        raise BadSample(f"{wrong[:40]!r} is not a heading. Does the first row have the names?")
    return names


def _record(number: int, names: Sequence[str], row: Sequence[str]) -> dict[str, object]:
    if any(cell.strip() for cell in row[len(names) :]):
        raise BadSample(f"Row {number} has more cells than there are headings.")
    if any(len(cell) > MAX_TEXT for cell in row):
        raise BadSample(f"Row {number} has a cell of more than {MAX_TEXT:,} signs.")
    padded = [*row, *[""] * len(names)]
    return {name: padded[place].strip() for place, name in enumerate(names)}


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a CSV text with semicolons, as `read_samples` reads it."""
    made = io.StringIO()
    csv.writer(made, delimiter=";", lineterminator="\n").writerows(rows)
    return made.getvalue()
