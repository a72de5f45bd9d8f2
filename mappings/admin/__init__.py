"""Mappings in the staff admin."""

from django.contrib.admin import AdminSite


def register(site: AdminSite) -> None:
    """Mappings have pages of their own; no model forms are registered."""
