"""Host of kind *admin*: the partner's staff."""

from django.urls import URLPattern, URLResolver, include, path

import config.signals  # noqa: F401  connects the schema's reset
from config.sites import partner_admin

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("config.urls_shared")),
    path("", include("syncjobs.admin.first_urls")),
    path("clients/", include("tenants.accounts.admin.urls")),
    path("support/", include("tenants.accounts.admin.support_urls")),
    path("domains/", include("tenants.admin.urls")),
    path("brand/mail/", include("branding.admin.mail_urls")),
    path("mail/", include("tenants.outbox.urls")),
    path("brand/", include("branding.admin.brand_urls")),
    path("commercial/", include("branding.admin.urls")),
    path("mappings/", include("mappings.admin.urls")),
    path("changes/", include("governance.admin.urls")),
    path("evidence/", include("branding.admin.evidence_urls")),
    path("work/", include("syncjobs.admin.urls")),
    path("", partner_admin.urls),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler429 = "config.errors.too_many"  # asked for by name; Django itself knows none
handler500 = "config.errors.failed"
