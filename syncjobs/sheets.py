"""From a file to rows of plain data, or to a sentence why not. Pure.

CSV (commas, semicolons or tabs), Excel workbooks and JSON Lines. Every limit is checked before
or while reading, never after; a formula is refused where it stands, and nothing is evaluated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from typing import Any, Final

from governance.json_names import NamedTwice, refuse_twice
from syncjobs.connectors.codec import BrokenJson, decode
from tenants.tables.reading import unguarded
from tenants.tables.separated import BadText, rows_of, text_of
from tenants.tables.xlsx import BadWorkbook, read_rows

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 80
MAX_CELL: Final = 4_000
MAX_LINE: Final = 100_000
_ZIP: Final = b"PK\x03\x04"
_FORMULA: Final = ("=", "@")


class BadSheet(ValueError):
    """The file cannot be used at all; the message says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the number that a spreadsheet or an editor shows for it."""

    number: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row; the others are not touched by it."""

    row: int
    text: str


@dataclass(slots=True)
class Sheet:
    """A file's rows, its columns in their order, and the rows that cannot be read."""

    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_sheet(name: str, content: bytes) -> Sheet:
    """Return a file's rows. Raises BadSheet.

    What kind of file it is, its content says: a workbook begins like one, JSON Lines with a
    brace; all else is CSV. `name` is only used in messages.
    """
    if len(content) > MAX_BYTES:
        raise BadSheet(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    if content.startswith(_ZIP):
        try:
            cells = read_rows(content, MAX_ROWS + 1, MAX_COLUMNS)
        except BadWorkbook as error:
            raise BadSheet(str(error)) from error
        return _table(cells)
    try:
        text = text_of(content)
        if text.lstrip().startswith("{"):
            return _lines(text)
        return _table(_separated_rows(text))
    except BadText as error:
        raise BadSheet(str(error)) from error


def _separated_rows(text: str) -> list[list[str]]:
    """Return a text's rows from the first that is not empty, and one more than the most."""
    rows = dropwhile(lambda row: not row, rows_of(text))
    return list(islice(rows, MAX_ROWS + 2))


def _table(cells: Sequence[Sequence[str]]) -> Sheet:
    if not cells or not any(cell.strip() for cell in cells[0]):
        raise BadSheet("The file is empty: its first row has to hold the headings.")
    if len(cells) - 1 > MAX_ROWS:
        raise BadSheet(f"There are more than {MAX_ROWS:,} rows. Split the file.")
    sheet = Sheet(_headings(cells[0]))
    for number, row in enumerate(cells[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        wrong = _wrong(row, sheet.columns)
        if wrong:
            sheet.problems.append(Problem(number, wrong))
            continue
        values = (unguarded(cell.strip()) for cell in row)
        pairs = zip(sheet.columns, values, strict=False)
        # An empty cell says nothing; it does not say that the value is empty.
        sheet.rows.append(Row(number, {name: value for name, value in pairs if value}))
    return sheet


def _headings(row: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise BadSheet(f"There are more than {MAX_COLUMNS} columns.")
    if not all(names):
        raise BadSheet(f"Column {names.index('') + 1} has no heading.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadSheet(f"The heading {twice[0][:40]!r} stands there twice.")
    long = [name for name in names if len(name) > 80]
    if long:
        raise BadSheet(f"The heading {long[0][:40]!r}… is longer than 80 characters.")
    return names


def _wrong(row: Sequence[str], columns: Sequence[str]) -> str:
    if any(cell.strip() for cell in row[len(columns) :]):
        return "It has more cells than there are headings."
    for name, cell in zip(columns, row, strict=False):
        if len(cell) > MAX_CELL:
            return f"The column {name!r} has more than {MAX_CELL:,} characters."
        if cell.lstrip().startswith(_FORMULA):
            return f"The column {name!r} holds a formula. Put its value there."
    return ""


def _lines(text: str) -> Sheet:
    sheet = Sheet()
    columns: dict[str, None] = {}
    for number, data in _objects(text, sheet):
        if len(sheet.rows) >= MAX_ROWS:
            raise BadSheet(f"There are more than {MAX_ROWS:,} rows. Split the file.")
        columns.update(dict.fromkeys(data))
        if len(columns) > MAX_COLUMNS:
            raise BadSheet(f"There are more than {MAX_COLUMNS} different fields.")
        sheet.rows.append(Row(number, data))
    sheet.columns = list(columns)
    return sheet


def _objects(text: str, sheet: Sheet) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            sheet.problems.append(Problem(number, f"It is longer than {MAX_LINE:,} characters."))
            continue
        try:
            data = decode(line.encode())
            refuse_twice(line.encode())
        except BrokenJson as error:
            sheet.problems.append(Problem(number, f"It is not JSON: {error}."))
            continue
        except NamedTwice as error:
            sheet.problems.append(Problem(number, str(error)))
            continue
        if isinstance(data, dict):
            yield number, data
        else:
            sheet.problems.append(Problem(number, "It is not a record in braces."))
