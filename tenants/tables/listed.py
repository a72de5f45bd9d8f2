"""A list as a page shows it, to download: the same filter, search and order, more rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from governance.requests import actor_of
from tenants.nouns import in_words
from tenants.tables.pages import export_file
from tenants.tables.reading import Column

M = TypeVar("M", bound=Model)
MOST: Final = 20_000
FORMATS: Final = ("csv", "xlsx")


def listed_file(
    request: HttpRequest,
    key: str,
    rows: QuerySet[M],
    columns: Mapping[str, Callable[[M], object]],
) -> HttpResponse | None:
    """Return the download that `?format=` asks for, noted in the audit trail; None without one.

    `columns`: heading → what a row has there. At most `MOST` rows.
    """
    if request.GET.get("format") not in FORMATS:
        return None

    def cells(found: Sequence[M]) -> Iterable[list[object]]:
        return ([cell(one) for cell in columns.values()] for one in found)

    headings = [in_words(name) for name in columns]
    return rows_file(
        request, key, rows, headings, cells, client_id=actor_of(request).client_id, most=MOST
    )


def rows_file(
    request: HttpRequest,
    key: str,
    rows: QuerySet[M],
    headings: Sequence[str],
    cells: Callable[[Sequence[M]], Iterable[Sequence[object]]],
    *,
    client_id: int | None,
    most: int,
) -> HttpResponse:
    """Return a download noted in the audit trail; where there are more rows than `most`, the
    last row says so. `cells`: what rows have below the headings."""
    found = list(rows[: most + 1])
    note = f"Only the first {most:,} of {rows.count():,} rows." if len(found) > most else ""
    columns = [Column(name) for name in headings]
    return export_file(request, key, columns, lambda: cells(found[:most]), client_id, note=note)
