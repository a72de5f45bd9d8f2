"""Every host of a suspended partner: its colours and pictures, and one page for all else."""

from django.urls import URLPattern, URLResolver, include, path, re_path

import config.signals  # noqa: F401  connects the schema's reset
from config.errors import paused

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("branding.urls")),
    re_path("", paused, name="paused"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.paused"
handler500 = "config.errors.failed"
