"""Tables as files to download. No cell is one that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from governance.spreadsheets import safe_cell
from tenants.tables.xlsx import write_rows

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table_file(
    name: str, kind: str, headings: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """Return a download of the table: `kind` xlsx, or CSV for anything else."""
    kind = kind if kind in _TYPES else "csv"
    table = (headings, *rows)
    body = _workbook(table) if kind == "xlsx" else _csv(table)
    return HttpResponse(
        body,
        content_type=_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )


def _workbook(rows: Iterable[Sequence[object]]) -> bytes:
    """Its cells say that they are texts; an apostrophe before one would be shown."""
    return write_rows([["" if cell is None else str(cell) for cell in row] for row in rows])


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    # With the mark, spreadsheets read it as UTF-8.
    return text.getvalue().encode("utf-8-sig")
