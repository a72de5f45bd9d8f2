"""What every partner's host serves: its theme, its images, sign-in, webhooks, the API."""

from django.urls import URLPattern, URLResolver, include, path

from config.api_docs import api_docs
from tenants.accounts.pages.preferences import preferences
from tenants.doors import own_page, staff_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("branding.urls")),
    path("", include("tenants.accounts.urls")),
    path("preferences/", staff_page(None)(preferences), name="preferences"),
    path("api-reference/", own_page(api_docs), name="api_docs"),
    path("account/", include("tenants.accounts.pages.own_urls")),
    path("", include("syncjobs.hook_urls")),
    path("api/v1/", include("config.api")),
]
