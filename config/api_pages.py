"""Paging of API lists."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as Unfit
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")


class CursorPages(CursorPagination):
    """Pages by cursor, newest first: a row added meanwhile shifts nothing."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    invalid_cursor_message = (
        "This cursor is none of ours. Ask without it for the first page, then follow `next`."
    )

    def get_page_size(self, request: Request) -> int | None:
        """Return how many rows to give: what is asked, up to the most. Raises ValidationError for
        what is no such number, rather than give another without a word."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not (asked.isascii() and asked.isdigit() and asked.strip("0")):
            said = f"Give a number from 1 to {self.max_page_size}."
            raise Unfit({self.page_size_query_param: said})
        return super().get_page_size(request)

    def paginate_queryset(
        self, queryset: QuerySet[M, Row], request: Request, view: APIView | None = None
    ) -> list[Row] | None:
        """Return a page. A cursor that we did not make is a 404, whatever it holds."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error
