"""What every partner's host serves: its theme, its images, sign-in, webhooks, the API."""

from django.urls import URLPattern, URLResolver, include, path

from tenants.accounts.pages.preferences import preferences
from tenants.doors import staff_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("branding.urls")),
    path("", include("tenants.accounts.urls")),
    path("preferences/", staff_page(None)(preferences), name="preferences"),
    path("account/", include("tenants.accounts.pages.own_urls")),
    path("", include("syncjobs.hook_urls")),
    path("api/v1/", include("config.api")),
]
