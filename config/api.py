"""The API's routes: each app brings its own, and this joins them under one version."""

from importlib import import_module

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

import config.api_schema  # noqa: F401  describes the tokens
from config.api_description import Description

APPS = ("tenants", "tenants.accounts", "branding", "mappings", "governance", "syncjobs")

router = SimpleRouter()
for _app in APPS:
    for _prefix, _viewset, _name in import_module(f"{_app}.api.routes").routes:
        router.register(_prefix, _viewset, basename=_name)

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "schema/",
        Description.as_view(authentication_classes=[], permission_classes=[]),
        name="api_schema",
    ),
    *router.urls,
]
