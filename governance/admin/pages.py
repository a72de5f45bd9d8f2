"""Our pages inside the staff's site: its menu, its header, our content."""

from collections.abc import Mapping

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_sites: list[AdminSite] = []


def use_site(site: AdminSite) -> None:
    """Say which site the pages belong to."""
    _sites.append(site)


def render_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object]
) -> HttpResponse:
    """Render one of our pages with the site's own context around it."""
    around = _sites[-1].each_context(request) if _sites else {}
    return render(request, template, {**around, "title": title, **context})
