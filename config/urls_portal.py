"""Host of kind *portal*: the clients' people."""

from django.urls import URLPattern, URLResolver, include, path

import config.signals  # noqa: F401  connects the schema's reset

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("config.urls_shared")),
    path("", include("syncjobs.portal.urls")),
    path("approvals/", include("governance.portal.urls")),
    path("audit/", include("governance.portal.proof_urls")),
    path("usage/", include("branding.portal.urls")),
    path("mappings/", include("mappings.portal.urls")),
    path("mail/", include("tenants.outbox.urls")),
    path("people/", include("tenants.accounts.portal.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
