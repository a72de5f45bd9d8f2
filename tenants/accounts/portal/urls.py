"""A client administrator's pages of people and tokens, under /people/."""

from django.urls import URLPattern

from tenants.accounts.pages.urls import shared
from tenants.doors import client_page

urlpatterns: list[URLPattern] = shared(client_page, "")
