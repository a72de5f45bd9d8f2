"""A client's pages of usage and statements, under /usage/."""

from django.urls import URLPattern, path

from branding.portal import commercial
from tenants.doors import client_page

_usage, _statements = client_page("usage.view"), client_page("statements.view")

urlpatterns: list[URLPattern] = [
    path("", _usage(commercial.usage), name="usage"),
    path("statements/", _statements(commercial.statement_list), name="statement_list"),
    path(
        "statements/issued/<int:number>/",
        _statements(commercial.statement_issued),
        name="statement_issued",
    ),
    path(
        "statements/issued/<int:number>/statement.pdf",
        _statements(commercial.statement_file),
        name="statement_pdf",
    ),
    path(
        "statements/issued/<int:number>/statement.csv",
        _statements(commercial.statement_table),
        name="statement_csv",
    ),
    path(
        "statements/<str:month>/draft.csv",
        _statements(commercial.statement_draft_table),
        name="statement_draft_csv",
    ),
    path(
        "statements/<str:month>/", _statements(commercial.statement_draft), name="statement_draft"
    ),
]
