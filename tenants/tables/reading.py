"""From a file that somebody gives to a table of texts, or to a sentence why not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Final

from tenants.tables.separated import BadText, rows_of, text_of
from tenants.tables.xlsx import BadWorkbook, read_rows

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_COLUMNS: Final = 30
MAX_CELL: Final = 1_000
_ZIP: Final = b"PK\x03\x04"
_STARTERS: Final = "=+-@|%\t\r\n"


class BadTable(ValueError):
    """The file cannot be used; the message says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file may have. `name`: its heading, compared without case."""

    name: str
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row with the number that a spreadsheet shows for it, and heading → text."""

    number: int
    cells: dict[str, str]


def read_table(content: bytes, columns: Sequence[Column], max_rows: int) -> list[Line]:
    """Return a file's lines by our headings. Raises BadTable.

    Read: CSV in UTF-8 or UTF-16 with commas, semicolons or tabs, and .xlsx. Empty lines are left
    out.
    """
    if len(content) > MAX_BYTES:
        raise BadTable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    if content.startswith(_ZIP):
        try:
            rows = read_rows(content, max_rows + 1, MAX_COLUMNS)
        except BadWorkbook as error:
            raise BadTable(str(error)) from error
    else:
        rows = _separated_rows(_text(content), max_rows + 1)
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise BadTable("The file is empty: its first row has to hold the headings.")
    if len(rows) - 1 > max_rows:
        raise BadTable(f"There are more than {max_rows:,} rows. Split the file.")
    headings = _headings(rows[0], columns)
    lines = [
        Line(number, cells)
        for number, row in enumerate(rows[1:], start=2)
        if any((cells := _cells(number, row, headings)).values())
    ]
    if not lines:
        raise BadTable("The file has headings and no rows below them.")
    return lines


def pasted_rows(text: str, max_rows: int) -> list[tuple[str, str]]:
    """Return the two columns of a text copied from a spreadsheet. Raises BadTable.

    Tabs between the columns, else semicolons or commas. Empty lines are left out.
    """
    found = _separated_rows(text.strip("\r\n"), max_rows)
    rows = [row for row in found if any(map(str.strip, row))]
    if not rows:
        raise BadTable("There is nothing to add: paste rows of two columns.")
    pairs = []
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        while len(cells) > 2 and not cells[-1]:
            cells.pop()
        if len(cells) != 2 or not cells[0]:
            raise BadTable(
                f"Row {number} is not a word and what it becomes: {'; '.join(cells)[:60]!r}."
            )
        pairs.append((cells[0], cells[1]))
    return pairs


def _text(content: bytes) -> str:
    try:
        return text_of(content)
    except BadText as error:
        raise BadTable(str(error)) from error


def _separated_rows(text: str, max_rows: int) -> list[list[str]]:
    """Return a text's rows from the first that is not empty, and one more than the most."""
    rows = dropwhile(lambda row: not row, rows_of(text))
    try:
        return list(islice(rows, max_rows + 1))
    except BadText as error:
        raise BadTable(str(error)) from error


def _headings(row: Sequence[str], columns: Sequence[Column]) -> list[str]:
    written = [cell.strip() for cell in row]
    while written and not written[-1]:
        written.pop()
    found = [cell.casefold() for cell in written]
    known = {column.name.casefold(): column.name for column in columns}
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise BadTable(f"The heading {', '.join(repr(one) for one in twice)} stands there twice.")
    unknown = [name for name in written if name.casefold() not in known]
    if unknown:
        raise BadTable(
            f"No column is called {', '.join(repr(one[:40]) for one in unknown[:5])}. "
            f"Known are: {', '.join(known.values())}."
        )
    missing = [one.name for one in columns if one.required and one.name.casefold() not in found]
    if missing:
        raise BadTable(f"The column {', '.join(repr(one) for one in missing)} is missing.")
    return [known[name] for name in found]


def _cells(number: int, row: Sequence[str], headings: Sequence[str]) -> dict[str, str]:
    if any(cell.strip() for cell in row[len(headings) :]):
        raise BadTable(f"Row {number} has more cells than there are headings.")
    if any(len(cell) > MAX_CELL for cell in row):
        raise BadTable(f"Row {number} has a cell with more than {MAX_CELL:,} characters.")
    padded = [*row, *[""] * len(headings)]
    return {name: unguarded(padded[place].strip()) for place, name in enumerate(headings)}


def unguarded(text: str) -> str:
    """Take the apostrophe away that our exports put before what looks like a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _STARTERS else text
