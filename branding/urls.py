"""What every partner's host serves of its brand."""

from django.conf import settings
from django.urls import path

from branding import views

urlpatterns = [
    path("theme.css", views.theme, name="theme"),
    path("brand/logo.png", views.logo, name="brand_logo"),
    path("brand/icon.png", views.icon, name="brand_icon"),
    path("brand/icon-<int:side>.png", views.icon, name="brand_icon_sized"),
    path("brand/social.png", views.social, name="brand_social"),
    path("brand/client-logo.png", views.client_logo, name="brand_client_logo"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("site.webmanifest", views.manifest, name="manifest"),
    path("robots.txt", views.robots, name="robots"),
]

if settings.DEBUG:
    from branding.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
