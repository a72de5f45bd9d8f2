"""The engine in the staff admin."""

from django.contrib.admin import AdminSite


def register(site: AdminSite) -> None:
    """The engine's pages are its own (`syncjobs.pages`); it registers no model forms."""
