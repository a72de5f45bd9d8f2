"""What every partner's host serves: its theme, its images, sign-in, webhooks, the API."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("branding.urls")),
    path("", include("tenants.accounts.urls")),
    path("", include("syncjobs.hook_urls")),
    path("api/v1/", include("config.api")),
]
