"""The staff admin's site: the library's forms and lists inside the partner's own frame.

Sign-in, menus and the start page are ours (`tenants.accounts.views`, `branding.navigation`).
Nothing of the library's configuration holds a partner's text: several of its settings are handed
to `import_string`, so that text there would be called as code.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse
from unfold.sites import UnfoldAdminSite

from branding.services.identity import current_identity

# Replaced by our own pages, or of no use without the library's tables. `search` also caches what
# a person may see under their id alone, for minutes after a role was taken away.
_DROPPED = frozenset(
    {"login", "logout", "password_change", "password_change_done", "search", "view_on_site"}
)


class OwnTrail:
    """Keeps a ModelAdmin from writing the library's log: its table is the public schema's.

    What happened is in our audit trail, written by the services.
    """

    def log_addition(self, request: HttpRequest, obj: Model, message: object) -> None:
        """Write nothing."""

    def log_change(self, request: HttpRequest, obj: Model, message: object) -> None:
        """Write nothing."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Write nothing."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is none: the audit explorer has it."""
        raise Http404


class BrandedAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # the library has no types
    """One per process; whose it is comes from each request's host."""

    site_url = None
    final_catch_all_view = False
    enable_nav_sidebar = False

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Register a model's forms, with our trail in place of the library's log."""
        base = admin_class or ModelAdmin
        own = type(base.__name__, (OwnTrail, base), {"__module__": base.__module__})
        super().register(model_or_iterable, own, **options)

    def get_urls(self) -> list[Any]:
        """The library's addresses without those that have pages of our own."""
        return [url for url in super().get_urls() if _name(url) not in _DROPPED]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The library's context under the brand's name."""
        identity = current_identity()
        context: dict[str, Any] = super().each_context(request)
        context.update(
            site_title=identity.name,
            site_header=identity.name,
            site_icon=None,
            site_logo=None,
            site_favicons=[],
            colors={},
            sidebar_navigation=[],
            show_history=False,
            show_view_on_site=False,
        )
        return context

    def get_log_entries(self, request: HttpRequest) -> list[LogEntry]:
        """None: the library's log is not ours."""
        return []

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """None: the menu is `branding.navigation`, and no list by app is shown."""
        return []

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is none."""
        raise Http404

    def i18n_javascript(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Words for the library's scripts; its own catalogue names the framework."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return HttpResponseRedirect(static("js/words.js"))

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff who may sign in; each page asks for its own permission besides."""
        return bool(getattr(request.user, "is_staff", False))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Our own sign-in, and back afterwards."""
        if request.user.is_authenticated:
            raise PermissionDenied
        target = request.GET.get("next") or request.get_full_path()
        return HttpResponseRedirect(f"{reverse('sign_in')}?{_next_query(target)}")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A view for staff; anybody else is sent to our sign-in."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return self.login(request)
            response: HttpResponseBase = inner(request, *args, **kwargs)
            return response

        return guarded

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The overview page where there is one, else a start page with the menu."""
        try:
            return HttpResponseRedirect(reverse("overview"))
        except NoReverseMatch:
            return render(request, "staff/start.html")


def _name(url: URLPattern | URLResolver) -> str:
    return getattr(url, "name", None) or ""


def _next_query(target: str) -> str:
    return urlencode({"next": target})
