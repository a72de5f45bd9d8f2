"""Lists in pages: one page of a query set, filtered by what the address says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
PER_PAGE = 25


@dataclass(frozen=True)
class Chip:
    """A filter above a list: its words, its address, how many rows, and whether it is on."""

    label: str
    url: str
    active: bool
    count: int | None = None


def number_in(text: str) -> int | None:
    """Return the number of a row that an address or a form names; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def page_of(request: HttpRequest, rows: QuerySet[M], per_page: int = PER_PAGE) -> Page[M]:
    """Return the page that `?page=` asks for; a number out of range gives the last one."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def chips(
    request: HttpRequest, name: str, options: Sequence[tuple[str, str, int | None]], default: str
) -> list[Chip]:
    """Return filters for the query parameter `name`, keeping the other parameters.

    `options`: value, words, count. The default value leaves the parameter out.
    """
    chosen = request.GET.get(name, default)
    made = []
    for value, label, count in options:
        query = request.GET.copy()
        query.pop("page", None)
        query[name] = value
        made.append(Chip(label, f"?{query.urlencode()}", chosen == value, count))
    return made


def ordered(
    request: HttpRequest, rows: QuerySet[M], sorts: Mapping[str, str], *default: str | OrderBy
) -> QuerySet[M]:
    """Return the rows as `?sort=name` or `?sort=-name` asks, else in the default order.

    `sorts`: what a heading asks for → column. What is empty comes last either way.
    """
    asked = request.GET.get("sort", "")
    column = sorts.get(asked.removeprefix("-"))
    if column is None:
        return rows.order_by(*default)
    by = F(column)
    first = by.desc(nulls_last=True) if asked.startswith("-") else by.asc(nulls_last=True)
    return rows.order_by(first, "-pk")
