"""What every partner's host serves: its theme, its images, sign-in, the API."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("branding.urls")),
    path("", include("tenants.accounts.urls")),
    path("account/", include("tenants.accounts.pages.own_urls")),
    path("api/v1/", include("config.api")),
]
