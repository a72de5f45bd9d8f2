"""Pages of change control."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
