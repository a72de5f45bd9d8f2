"""The operators' hosts, in the public schema."""

from django.urls import URLPattern, URLResolver, include, path

import config.signals  # noqa: F401  connects the schema's reset

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tenants.accounts.urls")),
    path("account/", include("tenants.accounts.pages.own_urls")),
    path("", include("tenants.console.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
