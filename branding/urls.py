"""What every partner's host serves of its brand."""

from django.conf import settings
from django.urls import path

from branding import views

urlpatterns = [
    path("theme.css", views.theme, name="theme"),
    path("brand/logo.png", views.logo, name="brand_logo"),
    path("brand/icon.png", views.icon, name="brand_icon"),
    path("favicon.ico", views.icon, name="favicon"),
    path("robots.txt", views.robots, name="robots"),
]

if settings.DEBUG:
    from branding.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
