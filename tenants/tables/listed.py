"""A list as a page shows it, to download: the same filter, search and order, more rows."""

from collections.abc import Callable, Mapping
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
    headings = [Column(in_words(name)) for name in columns]

    def cells() -> list[list[object]]:
        return [[cell(one) for cell in columns.values()] for one in rows[:MOST]]

    return export_file(request, key, headings, cells, actor_of(request).client_id)
