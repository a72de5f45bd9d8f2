"""Pages of mappings."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
