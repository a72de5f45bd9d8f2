"""The search over everything: a page of results, and suggestions while somebody types."""

from django.http import HttpRequest, HttpResponse

from governance.requests import actor_of
from syncjobs.pages.frame import page
from syncjobs.services.search import SHORTEST, search

SUGGESTED, SHOWN = 4, 20


def search_page(request: HttpRequest) -> HttpResponse:
    """Show what matches, by kind."""
    words = request.GET.get("q", "").strip()
    groups = search(actor_of(request), words, SHOWN)
    context = {"groups": groups, "words": words, "short": len(words) < SHORTEST}
    return page(request, "search.html", context)


def search_suggest(request: HttpRequest) -> HttpResponse:
    """Return the first few matches, to stand below the box."""
    words = request.GET.get("q", "").strip()
    groups = search(actor_of(request), words, SUGGESTED)
    context = {"groups": groups, "words": words, "short": len(words) < SHORTEST}
    return page(request, "parts/suggestions.html", context)
