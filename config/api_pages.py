"""Paging of API lists."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """Pages by cursor, newest first: a row added meanwhile shifts nothing."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
