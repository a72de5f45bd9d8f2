"""Pages of the engine for client users, at the portal's root."""

from django.urls import path

from syncjobs.pages import home
from syncjobs.pages.urls import reading, shared
from tenants.doors import client_page

urlpatterns = [
    path("", reading(client_page, None)(home.home), name="portal_home"),
    *shared(client_page),
]
