"""Clients and people, in and out as tables. For staff."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from tenants.accounts.tables import (
    CLIENT_COLUMNS,
    PERSON_COLUMNS,
    ClientResource,
    PersonResource,
    client_rows,
    person_rows,
)
from tenants.nouns import in_words
from tenants.tables.pages import Sheet, export_file, import_page, template_file

MOST_CLIENTS: Final = 1_000
MOST_PEOPLE: Final = 300


@require_http_methods(["GET", "POST"])
def client_import(request: HttpRequest) -> HttpResponse:
    """Add and change clients by a file."""
    return import_page(
        request,
        Sheet(
            key="clients",
            title=in_words("Import clients"),
            text=f"Up to {MOST_CLIENTS:,} at a time. "
            + in_words(
                "A row with a reference or a known name changes that client; an empty cell "
                "leaves what is there."
            ),
            columns=CLIENT_COLUMNS,
            max_rows=MOST_CLIENTS,
            run=ClientResource.run,
            back=reverse("client_list"),
            template=reverse("client_template"),
            done=in_words("The clients were taken in."),
        ),
    )


@require_GET
def client_export(request: HttpRequest) -> HttpResponse:
    """Give all clients out, in the columns that the import takes."""
    return export_file(request, "clients", CLIENT_COLUMNS, client_rows)


@require_GET
def client_template(request: HttpRequest) -> HttpResponse:
    """Give an empty table of clients out."""
    return template_file(request, "clients", CLIENT_COLUMNS)


@require_http_methods(["GET", "POST"])
def person_import(request: HttpRequest) -> HttpResponse:
    """Add people and change their roles by a file."""
    return import_page(
        request,
        Sheet(
            key="people",
            title="Import people",
            text=f"Up to {MOST_PEOPLE} at a time. "
            + in_words(
                "Without a client somebody is staff. Who is new gets an invitation by mail."
            ),
            columns=PERSON_COLUMNS,
            max_rows=MOST_PEOPLE,
            run=PersonResource.run,
            back=reverse("person_list"),
            template=reverse("person_template"),
            done="The people were taken in. Who is new gets an invitation.",
        ),
    )


@require_GET
def person_export(request: HttpRequest) -> HttpResponse:
    """Give all people out, in the columns that the import takes."""
    return export_file(request, "people", PERSON_COLUMNS, person_rows)


@require_GET
def person_template(request: HttpRequest) -> HttpResponse:
    """Give an empty table of people out."""
    return template_file(request, "people", PERSON_COLUMNS)
